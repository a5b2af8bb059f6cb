-- What a post under a key was told that changed nothing about its ping: the bytes of a closed record.
ALTER TABLE claims ADD COLUMN told BYTES;
