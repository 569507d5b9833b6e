// Package e2e tests the image from outside: on a Docker engine, under a runner, with a
// database and a GitHub. make e2e provides these, and sets the build tag of the tests.
package e2e
