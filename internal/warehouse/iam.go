package warehouse

import "strings"

// iamAdvice is for a login that was refused with a token as its password.
const iamAdvice = "; the password is a token of AWS, and such a token lets in for 15 minutes: want one that is made right before, or a profile that is written anew; see docs/warehouses.md"

// isIAMToken recognises what "aws rds generate-db-auth-token" prints: a URL of the
// database, signed for a time.
func isIAMToken(password string) bool {
	return strings.Contains(password, "X-Amz-Signature=")
}
