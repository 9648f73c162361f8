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
        var interactive = new List<Level>();
        foreach (var level in levels().All)
        {
            if (level.Class == ServiceClass.Interactive)
                interactive.Add(level);
        }
        var pictures = new JsonObject();
        foreach (var (name, svg) in LivePictures.Draw(seconds, loadLine, interactive, phone))
            pictures[name] = svg;
        var all = models();
        return new JsonObject
        {
            ["headline"] = Headline(Judged(seconds, interactive)),
            ["state"] = State(all),
            ["figures"] = Figures(seconds, Judged(seconds, interactive)),
            ["pictures"] = pictures,
            ["tables"] = Tables(all, rollouts(), tuning(), registry?.Table()),
        }.ToJsonString();
    }

    /// <summary>A level's latency beside what it was promised.</summary>
    readonly record struct Judgement(string Level, string Metric, double Ms, double? PromisedMs)
    {
        public bool IsBroken => Ms > PromisedMs;

        /// <summary>How near to its promise, or how far beyond.</summary>
        public double Share => PromisedMs is { } promised ? Ms / promised : 0;

        public string Name(bool isOnly) => isOnly ? $"{Metric} p95" : $"{Metric} p95 of {Level}";
    }

    /// <summary>Every level that is in use by its own promise, the worst first.</summary>
    static List<Judgement> Judged(IReadOnlyList<LiveSecond> seconds, List<Level> interactive)
    {
        var judged = new List<Judgement>();
        foreach (var level in interactive)
        {
            if (seconds.Count == 0 || !seconds[^1].Latencies.TryGetValue(level.Name, out var felt))
                continue;
            if (felt.TtftMs is { } ttft)
                judged.Add(new Judgement(level.Name, "TTFT", ttft, level.TtftNs / 1e6));
            if (felt.GapMs is { } gap)
                judged.Add(new Judgement(level.Name, "ITL", gap, level.ItlNs / 1e6));
        }
        judged.Sort((a, b) => b.Share.CompareTo(a.Share));
        return judged;
    }

    static bool IsOnly(List<Judgement> judged) => judged.TrueForAll(one => one.Level == judged[0].Level);

    static string Headline(List<Judgement> judged)
    {
        if (judged.Count == 0)
            return "Too little traffic to judge the promise";
        var worst = judged[0];
        return worst.IsBroken
            ? $"Broken: {worst.Name(IsOnly(judged))} {Number(worst.Ms)} ms, "
                + $"promised {Number(worst.PromisedMs!.Value)}"
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

    static string Figures(IReadOnlyList<LiveSecond> seconds, List<Judgement> judged)
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
            + Latency("TTFT", judged) + Latency("ITL", judged);
    }

    /// <summary>The level that is nearest to its promise, or furthest beyond.</summary>
    static string Latency(string metric, List<Judgement> judged)
    {
        var worst = judged.FindIndex(one => one.Metric == metric);
        if (worst < 0)
            return Figure("–", $"{metric} p95, too few samples");
        var (name, promised) = (judged[worst].Name(IsOnly(judged)), judged[worst].PromisedMs);
        return Figure(Number(judged[worst].Ms) + " ms",
            promised is { } ms ? $"{name}, promised {Number(ms)} ms" : name);
    }

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
