package db

import (
	"errors"
	"regexp"
	"strings"
)

// words matches the beginning of libpq's key=value words.
var words = regexp.MustCompile(`^[A-Za-z_]+\s*=`)

// foreignScheme matches the schemes of SQLAlchemy, JDBC and Prisma.
var foreignScheme = regexp.MustCompile(`(?i)^(postgres(?:ql)?\+[a-z0-9_]+://|jdbc:postgres(?:ql)?:|prisma(?:\+postgres(?:ql)?)?://)`)

// checkURL refuses what is neither a Postgres URL nor key=value words. Without it pgx
// takes a URL whose scheme has a typo for words, and asks the default server. The
// error shows nothing of the text: it may hold a password.
func checkURL(text string) error {
	if found := foreignScheme.FindStringSubmatch(text); found != nil {
		return errors.New(found[1] + " is for another program; begin the URL with postgresql://")
	}
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if strings.HasPrefix(text, scheme) {
			return nil
		}
	}
	switch {
	case text == "", words.MatchString(text):
		return nil
	case strings.ContainsAny(text[:1], "\"'`") || strings.HasPrefix(text, "\ufeff"):
		return errors.New("it begins with a quote or a byte order mark; remove that")
	case strings.Contains(text, ":/"):
		return errors.New("it is a URL of something else, or its beginning has a typo; use postgres://user@host/database")
	}
	return errors.New("it is neither a URL nor key=value words; use postgres://user@host/database")
}
