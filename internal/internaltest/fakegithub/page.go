package fakegithub

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// paged answers with the page of a list that the request asks for.
func paged[T any](s *Server, r *http.Request, all []T, object func(T) map[string]any) answer {
	size := min(100, atoi(r.FormValue("per_page"), 30))
	page := atoi(r.FormValue("page"), 1)
	from, to := min(len(all), (page-1)*size), min(len(all), page*size)

	objects := []any{}
	for _, one := range all[from:to] {
		objects = append(objects, object(one))
	}
	a := answer{status: http.StatusOK, body: objects}
	if last := (len(all) + size - 1) / size; last > 1 {
		a.header = http.Header{"Link": {s.links(r, page, last)}}
	}
	return a
}

// links returns the Link header with which GitHub refers to the other pages.
func (s *Server) links(r *http.Request, page, last int) string {
	link := func(page int, rel string) string {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(page))
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, s.URL(), r.URL.Path, q.Encode(), rel)
	}
	var links []string
	if page > 1 {
		links = append(links, link(page-1, "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	return strings.Join(links, ", ")
}

// atoi parses a positive number, or returns fallback.
func atoi(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return n
	}
	return fallback
}
