using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core.Scheduling;
using Plimsoll.Reports;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Tuning.Training.Jobs;

namespace Plimsoll.Server.Dashboard;

/// <summary>The live page and its events: one a second, each with every picture anew.</summary>
sealed class LiveEndpoints(
    LiveBoard board, Action<HttpContext> authenticate, Func<Levels> levels, Func<LiveModel[]> models,
    Func<IReadOnlyList<RolloutState>> rollouts, Func<IReadOnlyList<FineTuningJob>> tuning,
    RegistryBoard? registry, double? loadLine, string version, CancellationToken stopping)
{
    static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    public async Task PageAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = LivePage.ContentPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        await context.Response.WriteAsync(LivePage.Html(version), context.RequestAborted);
    }

    public async Task EventsAsync(HttpContext context)
    {
        authenticate(context);
        var phone = context.Request.Query["size"] == "phone";
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            while (!over.IsCancellationRequested)
            {
                await context.Response.WriteAsync($"event: second\ndata: {Second(phone)}\n\n", over.Token);
                await context.Response.Body.FlushAsync(over.Token);
                await Task.Delay(_period, over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The looker went away, or the server stops.
        }
    }

    string Second(bool phone)
    {
        var seconds = board.Look();
        double? ttftMs = null, gapMs = null;
        foreach (var level in levels().All)
        {
            if (level.Class != ServiceClass.Interactive)
                continue;
            ttftMs = level.TtftNs is { } ttft ? Math.Min(ttft / 1e6, ttftMs ?? double.MaxValue) : ttftMs;
            gapMs = level.ItlNs is { } gap ? Math.Min(gap / 1e6, gapMs ?? double.MaxValue) : gapMs;
        }
        var pictures = new JsonObject();
        foreach (var (name, svg) in LivePictures.Draw(seconds, loadLine, ttftMs, gapMs, phone))
            pictures[name] = svg;
        var all = models();
        return new JsonObject
        {
            ["headline"] = Headline(seconds, ttftMs, gapMs),
            ["state"] = State(all),
            ["figures"] = Figures(seconds, ttftMs, gapMs),
            ["pictures"] = pictures,
            ["tables"] = Tables(all, rollouts(), tuning(), registry?.Table()),
        }.ToJsonString();
    }

    static string Headline(IReadOnlyList<LiveSecond> seconds, double? ttftMs, double? gapMs)
    {
        if (seconds.Count == 0 || (seconds[^1].TtftMs ?? seconds[^1].GapMs) is null)
            return "Too little traffic to judge the promise";
        var (ttft, gap) = (seconds[^1].TtftMs, seconds[^1].GapMs);
        return ttft > ttftMs ? $"Broken: TTFT p95 {Number(ttft.Value)} ms, promised {Number(ttftMs.Value)}"
            : gap > gapMs ? $"Broken: ITL p95 {Number(gap.Value)} ms, promised {Number(gapMs.Value)}"
            : "Promises kept";
    }

    static string State(LiveModel[] models)
    {
        int running = 0, waiting = 0;
        foreach (var model in models)
            (running, waiting) = (running + model.Running, waiting + model.Waiting);
        return FormattableString.Invariant(
            $"{models.Length} model{(models.Length == 1 ? "" : "s")}; {running} running, {waiting} waiting");
    }

    static string Figures(IReadOnlyList<LiveSecond> seconds, double? ttftMs, double? gapMs)
    {
        if (seconds.Count == 0)
            return "";
        double requests = 0, interactive = 0, batch = 0, usd = 0;
        var from = Math.Max(0, seconds.Count - 10);
        for (var i = from; i < seconds.Count; i++)
        {
            requests += seconds[i].Requests;
            interactive += seconds[i].InteractiveTokens;
            batch += seconds[i].BatchTokens;
            foreach (var amount in seconds[i].UsdPerHour.Values)
                usd += amount;
        }
        var count = seconds.Count - from;
        return Figure(Number(requests / count), "interactive requests/s")
            + Figure(Number(interactive / count), "interactive tokens/s")
            + Figure(Number(batch / count), "batch tokens/s") + Figure("$" + Number(usd / count), "an hour")
            + Latency("TTFT p95", seconds[^1].TtftMs, ttftMs) + Latency("ITL p95", seconds[^1].GapMs, gapMs);
    }

    static string Latency(string name, double? ms, double? promisedMs) => Figure(
        ms is { } seen ? Number(seen) + " ms" : "–",
        ms is null ? $"{name}, too few samples"
            : promisedMs is { } promised ? $"{name}, promised {Number(promised)} ms" : name);

    static string Figure(string number, string text) =>
        $"<div class=\"figure\"><b>{number}</b><span>{HtmlText.Escape(text)}</span></div>";

    static string Number(double value) => value.ToString(
        value >= 100 ? "#,0" : value >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture);

    static string Tables(LiveModel[] models, IReadOnlyList<RolloutState> rollouts,
        IReadOnlyList<FineTuningJob> tuning, PageTable? registry)
    {
        using var page = new StringWriter();
        var rows = Array.ConvertAll(models, model => new[]
        {
            "<" + model.Name, "<" + model.ServedBy, model.Running.ToString(CultureInfo.InvariantCulture),
            model.Waiting.ToString(CultureInfo.InvariantCulture),
            "<" + (model.Releases.Count == 0 ? "base model only" : string.Join(", ", model.Releases)),
        });
        string[] headers = ["<Model", "<Served by", "Running", "Waiting", "<Releases"];
        Page.WriteTable(new PageTable("Models and releases", headers, rows), page);
        if (rollouts.Count > 0)
            Page.WriteTable(Rollouts(rollouts), page);
        if (tuning.Count > 0)
            Page.WriteTable(Tuning(tuning), page);
        if (registry is { Rows.Count: > 0 })
            Page.WriteTable(registry, page);
        return page.ToString();
    }

    static PageTable Tuning(IReadOnlyList<FineTuningJob> jobs)
    {
        var rows = new List<string[]>();
        foreach (var job in jobs)
        {
            rows.Add(
            [
                "<" + job.Id, "<" + job.Model, "<" + (job.Dataset ?? "not read yet"),
                "<" + job.Status.ToString().ToLowerInvariant(),
                "<" + (job.Error ?? job.FineTunedModel ?? job.Progress ?? ""),
            ]);
        }
        string[] headers = ["<Job", "<Base", "<Dataset", "<State", "<What came of it, or how far it is"];
        return new PageTable("Fine-tuning", headers, rows);
    }

    static PageTable Rollouts(IReadOnlyList<RolloutState> rollouts)
    {
        var rows = new List<string[]>();
        foreach (var state in rollouts)
        {
            var guards = new List<string>();
            foreach (var guard in state.Guards)
                guards.Add($"{guard.Metric} {guard.Verdict}");
            rows.Add(
            [
                "<" + state.Task, "<" + (state.Candidate ?? "none"), "<" + state.Stage,
                Number(state.CandidatePercent) + " %", "<" + string.Join(", ", guards), "<" + state.Reason,
            ]);
        }
        string[] headers = ["<Task", "<Candidate", "<Stage", "Traffic", "<Guards", "<Why"];
        return new PageTable("Rollouts", headers, rows);
    }
}

/// <summary>A model as the page's table has it; releases are the adapters that are loaded.</summary>
sealed record LiveModel(
    string Name, string ServedBy, int Running, int Waiting, IReadOnlyList<string> Releases);
