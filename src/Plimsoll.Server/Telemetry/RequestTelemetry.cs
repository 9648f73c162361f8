using System.Diagnostics;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Server.Telemetry;

/// <summary>
/// A span and the measures of every request that the ledger opens and closes. Neither has a word of what was
/// asked or answered.
/// </summary>
static class RequestTelemetry
{
    const double PicoPerDollar = 1e12;

    public static void Attach(LedgerBook book)
    {
        book.Opened = Began;
        book.Closed = Ended;
    }

    static void Began(RequestEntry entry)
    {
        entry.Span = GenAi.Spans.StartActivity(
            $"{entry.Operation} {entry.Model}", ActivityKind.Internal, parentContext: default,
            [
                new("gen_ai.operation.name", entry.Operation), new("gen_ai.provider.name", "plimsoll"),
                new("gen_ai.request.model", entry.Model), new("plimsoll.level", entry.Level),
                new("plimsoll.release", entry.Release),
            ]);
    }

    static void Ended(RequestEntry entry)
    {
        var error = ErrorOf(entry.Status);
        Measure(entry, error);
        if (entry.Span is not { } span)
            return;
        span.SetTag("gen_ai.response.id", entry.RequestId);
        span.SetTag("gen_ai.response.model", entry.Adapter.Length > 0 ? entry.Adapter : entry.Model);
        span.SetTag("gen_ai.usage.input_tokens", entry.PromptTokens);
        span.SetTag("gen_ai.usage.output_tokens", entry.OutputTokens);
        span.SetTag("plimsoll.usage.cached_tokens", entry.CachedTokens);
        span.SetTag("plimsoll.cost_usd", entry.Charge.Total / PicoPerDollar);
        if (entry.TtftNs is { } ttft)
            span.SetTag("plimsoll.ttft_ms", ttft / 1e6);
        if (entry.Kept is { } kept)
            span.SetTag("plimsoll.promise_kept", kept);
        if (error is not null)
        {
            span.SetTag("error.type", error);
            span.SetStatus(ActivityStatusCode.Error);
        }
        span.Stop();
        entry.Span = null;
    }

    static void Measure(RequestEntry entry, string? error)
    {
        var tags = new TagList
        {
            { "gen_ai.operation.name", entry.Operation }, { "gen_ai.provider.name", "plimsoll" },
            { "gen_ai.request.model", entry.Model }, { "plimsoll.level", entry.Level },
        };
        GenAi.Cost.Add(entry.Charge.Total / PicoPerDollar, tags);
        Count(entry.PromptTokens, "input");
        Count(entry.OutputTokens, "output");
        if (entry.TtftNs is { } ttft)
        {
            GenAi.FirstToken.Record(ttft / 1e9, tags);
            if (entry.E2eNs is { } end && entry.OutputTokens > 1)
                GenAi.PerToken.Record((end - ttft) / 1e9 / (entry.OutputTokens - 1), tags);
        }
        if (error is not null)
            tags.Add("error.type", error);
        if (entry.E2eNs is { } whole)
            GenAi.Duration.Record(whole / 1e9, tags);

        void Count(int tokens, string type)
        {
            if (tokens == 0)
                return;
            var typed = tags;
            typed.Add("gen_ai.token.type", type);
            GenAi.Tokens.Record(tokens, typed);
        }
    }

    static string? ErrorOf(RequestStatus status) => status switch
    {
        RequestStatus.Failed => "failed",
        RequestStatus.Refused => "refused",
        RequestStatus.Cancelled => "cancelled",
        _ => null,
    };
}
