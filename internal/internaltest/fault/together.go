package fault

import (
	"net/http"
	"sync"
)

// Together returns the transport of several jobs, each of which sends one such request. It
// sends these requests at once, and no job goes on before all are answered. A job that was
// slower than a newer one could overwrite its text, which no forge can prevent.
func Together(jobs int, is func(*http.Request) bool) http.RoundTripper {
	var sent, answered sync.WaitGroup
	sent.Add(jobs)
	answered.Add(jobs)
	return transport(func(r *http.Request) (*http.Response, error) {
		if !is(r) {
			return http.DefaultTransport.RoundTrip(r)
		}
		sent.Done()
		sent.Wait()
		response, err := http.DefaultTransport.RoundTrip(r)
		answered.Done()
		answered.Wait()
		return response, err
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }
