package app

import "strings"

func (c Command) getenv(name string) string {
	value, _ := c.lookupEnv(name)
	return value
}

// lookupEnv returns the last value, which is the one that a child process sees.
func (c Command) lookupEnv(name string) (value string, ok bool) {
	for _, entry := range c.Environ {
		if v, is := strings.CutPrefix(entry, name+"="); is {
			value, ok = v, true
		}
	}
	return value, ok
}
