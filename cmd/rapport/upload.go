package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// send has a server take in the files, one after the other.
func (i *importCommand) send(ctx context.Context, r *remote, job *intake) error {
	for n, name := range i.Files {
		in, err := i.openFile(ctx, name, i.dated())
		if err != nil {
			return err
		}
		if err := errors.Join(i.upload(ctx, r, job, in), in.Close()); err != nil {
			return &fileError{name: in.name, unread: i.Files[n+1:], err: err}
		}
	}
	return nil
}

// dated reports whether the records happen at a time: they get their ids from the file.
func (i *importCommand) dated() bool { return i.As == "events" || i.As == "orders" }

// upload sends one file and counts what became of it. The server lists the first 1,000
// records that it refuses.
func (i *importCommand) upload(ctx context.Context, r *remote, job *intake, in *input) (err error) {
	b := job.c.bar(in.name, in.size)
	defer func() { b.end(err) }()
	job.refused.of(in.name, b)
	o, err := r.take(ctx, "/v1/import/"+i.As+"?"+i.query(job, in).Encode(), &watched{in, b, 0})
	if p, ok := errors.AsType[*refusal](err); ok && p.Status == http.StatusUnprocessableEntity && len(o.Rejected) > 0 && i.Mode != "replace" {
		err = nil // nothing was accepted, and why is listed
	} else if err != nil && !ok {
		job.c.say("What %s had accepted by then is kept, and not counted here. Run the same command again for the rest; nothing is doubled.", r.where)
	}
	job.got.accepted += o.Accepted
	job.got.duplicates += o.Duplicates
	job.got.refused += max(o.Refused, len(o.Rejected))
	job.got.read += o.Accepted + o.Duplicates + max(o.Refused, len(o.Rejected))
	for _, one := range o.Rejected {
		if err := job.refused.add(&one); err != nil {
			return err
		}
	}
	if left := o.Refused - len(o.Rejected); left > 0 {
		job.c.say("%s more were refused, which the server does not list", count(left))
	}
	if err == nil && i.Mode == "replace" {
		job.c.say("%s items are hidden that %s does not hold", count(o.Hidden), in.name)
	}
	return err
}

// query says how the file is written.
func (i *importCommand) query(job *intake, in *input) url.Values {
	q := url.Values{"format": {i.Format}}
	for name, value := range map[string]string{"preset": i.Preset, "map": i.Map, "zone": i.Zone} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if job.options.Shift != 0 {
		q.Set("shift", job.options.Shift.String())
	}
	if i.dated() {
		q.Set("source", in.digest)
		if in.dated.Before(time.Now()) {
			q.Set("dated", in.dated.UTC().Format(time.RFC3339))
		}
	}
	if i.Mode == "replace" {
		q.Set("mode", "replace")
		if i.Force {
			q.Set("force", "true")
		}
	}
	return q
}

// take sends records and returns what became of them, also where the answer is a problem
// that says it.
func (r *remote) take(ctx context.Context, path string, body *watched) (o outcome, err error) {
	answer, err := r.send(ctx, http.MethodPost, path, "application/octet-stream", body)
	if p, ok := errors.AsType[*refusal](err); ok {
		err = p // what is wrong is in the file: the command was used well
		if unread := json.Unmarshal(p.body, &o); unread != nil {
			return o, err
		}
		if p.Status == http.StatusConflict {
			return o, fmt.Errorf("%w (here: --force)", err)
		}
		return o, err
	}
	if err != nil {
		return o, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&o); err != nil {
		return o, fmt.Errorf("read the answer of %s: %w", r.where, err)
	}
	return o, nil
}
