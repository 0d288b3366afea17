package syncer

import (
	"context"
	"log/slog"

	"syncer/internal/db"
	"syncer/internal/fetch"
)

// takeUp makes what earlier runs have used of the organization's budget count.
func (p *pass) takeUp(ctx context.Context) error {
	uses, err := p.DB.RecentUse(ctx, p.run.Source, p.run.Organizations, fetch.Window)
	if err != nil {
		return err
	}
	if n := p.source.Client.TakeUp(p.run.ID, converted(uses)); n > 0 {
		p.logger.InfoContext(ctx, "earlier runs have used some of the budget", slog.Int64("requests", n))
	}
	return nil
}

func converted(uses []db.Use) []fetch.Use {
	all := make([]fetch.Use, 0, len(uses))
	for _, u := range uses {
		all = append(all, fetch.Use(u))
	}
	return all
}
