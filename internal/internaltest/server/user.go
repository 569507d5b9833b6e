package server

// User is the user that runs a program.
type User struct{ UID, GID uint32 }
