package tally

import (
	"strconv"
	"strings"
)

// Minus is the sign of a number below zero: U+2212.
const Minus = "−"

// Number writes n with thousands separators: 1,204.
func Number[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = Minus, digits[1:]
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return sign + b.String()
}

// Signed writes n with its sign, also if it is above zero.
func Signed(n int64) string {
	if n > 0 {
		return "+" + Number(n)
	}
	return Number(n)
}

// decimal writes a value above a limit with one digit after the point, or with as many
// as necessary to show that it is above the limit, and not 100.
func decimal(value, limit float64) string {
	for digits := 1; ; digits++ {
		text := strconv.FormatFloat(value, 'f', digits, 64)
		shown, _ := strconv.ParseFloat(text, 64) // it was written by the line above
		if shown == value || shown > limit && shown != 100 {
			return text
		}
	}
}
