-- What the last test found: 1, 0, or NULL where that is not known.
ALTER TABLE connections ADD COLUMN write_back INTEGER;
ALTER TABLE connections ADD COLUMN custom_detections INTEGER;
-- While it is being removed: its records stay.
ALTER TABLE connections ADD COLUMN keep_records INTEGER NOT NULL DEFAULT 0;

CREATE INDEX connections_unfinished ON connections (created) WHERE lifecycle IN ('pending', 'removing');
