package server

// User is whom a program runs as.
type User struct{ UID, GID uint32 }
