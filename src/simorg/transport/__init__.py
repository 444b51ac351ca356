"""How bytes reach an org: HTTP/1.1 read strictly, TLS with a throw-away authority, the answers written."""
