DROP TABLE brakes;
DROP TABLE outbox_aside;
DROP TABLE plans;
