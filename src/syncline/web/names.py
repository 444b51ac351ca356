"""Names that the server and the views share."""

#: Under which key of a request's environment the application stands.
APP_KEY = "syncline.app"
