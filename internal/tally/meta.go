package tally

// ParseMeta reads config.meta.tally of a node, as JSON decodes it: the limits
// that it sets override those of base, and off (or null) takes one away. audit is
// false where the node opted out. nil says nothing. The error joins every problem
// found, a line each; it names the key and not the node.
func ParseMeta(meta any, base Limits) (limits Limits, audit bool, err error) {
	return base, true, nil
}
