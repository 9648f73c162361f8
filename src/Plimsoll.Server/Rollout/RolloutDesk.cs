using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Inputs.Files;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Serving;
using Plimsoll.Tuning.Deployment;

namespace Plimsoll.Server.Rollout;

/// <summary>
/// Every task's rollout: starts them, routes by them, keeps them over restarts. What was watched is not
/// kept: a promotion that a restart interrupts begins again with its shadow, under a new revision.
/// </summary>
sealed class RolloutDesk(
    string stateFolder, ModelDirectory models, IReadOnlyDictionary<string, UpstreamModel> upstreams,
    UpstreamAdapters adapters, Func<Levels> levels, TimeProvider time)
{
    static readonly JsonSerializerOptions _options =
        new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    readonly ConcurrentDictionary<string, TaskRollout> _rollouts = new(StringComparer.Ordinal);
    readonly SemaphoreSlim _one = new(1);
    readonly Lock _file = new();
    readonly string _path = Path.Combine(stateFolder, "rollouts.json");

    sealed record Kept(RolloutSpec Spec, string Stage, string Reason, IReadOnlyList<RolloutEvent> History);

    /// <summary>Of every task that has one, for the live page and the API.</summary>
    public IReadOnlyList<RolloutState> States =>
        [.. _rollouts.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => r.Value.State)];

    public RolloutState? Find(string task) => _rollouts.GetValueOrDefault(task)?.State;

    /// <summary>Routes a request; null when its model is no task under rollout.</summary>
    /// <param name="key">Stable key of the conversation or the user.</param>
    public RoutedRequest? Route(string model, string key)
    {
        if (!_rollouts.TryGetValue(model, out var rollout))
            return null;
        var (answerer, routing) = rollout.Route(key);
        return new RoutedRequest(rollout, answerer, routing.Revision);
    }

    /// <summary>Loads the candidate where it is not served yet, and lets it into the traffic.</summary>
    /// <exception cref="BadInputException">Something does not fit; nothing has changed.</exception>
    public async Task<RolloutState> StartAsync(RolloutSpec spec, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var before = _rollouts.GetValueOrDefault(spec.Task);
            if (before is { IsOver: false })
            {
                throw new BadInputException(
                    $"{spec.Task}: {before.Spec.Candidate} is on its way; expected its end, or a rollback");
            }
            spec = spec with { Production = spec.Production ?? before?.State.Production ?? spec.Model };
            if (spec.Production == before?.Spec.Candidate)
                spec = spec with { ProductionPath = spec.ProductionPath ?? before!.Spec.Path };
            var history = before?.State.History ?? [];
            var plan = spec.Plan(PromisesTtft);
            var revision = history.Count == 0 ? 1 : history[^1].Revision + 1;
            var promotion = new Promotion(plan, spec.Task, spec.Production, spec.Candidate, revision);
            var production = await LocateAsync(spec, spec.Production, spec.ProductionPath, cancellation);
            var candidate = await LocateAsync(spec, spec.Candidate, spec.Path, cancellation);
            var rollout = new TaskRollout(spec, promotion, production, candidate, history, time, Save);
            _rollouts[spec.Task] = rollout;
            Save();
            return rollout.State;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <returns>Null when the task has no rollout.</returns>
    public RolloutState? RollBack(string task, string reason)
    {
        if (!_rollouts.TryGetValue(task, out var rollout))
            return null;
        rollout.RollBack(reason);
        return rollout.State;
    }

    /// <summary>Takes up what an earlier process kept.</summary>
    /// <param name="story">Told of a rollout that cannot go on; the others do.</param>
    public async Task RestoreAsync(TextWriter story)
    {
        foreach (var kept in Read())
        {
            var (spec, last) = (kept.Spec, kept.History[^1]);
            try
            {
                var plan = spec.Plan(PromisesTtft);
                var promotion = kept.Stage is "promoted" or "rolled_back"
                    ? Promotion.Ended(plan, spec.Task, spec.Production!, spec.Candidate, last.Revision,
                        kept.Stage == "promoted", kept.Reason)
                    : new Promotion(plan, spec.Task, spec.Production!, spec.Candidate, last.Revision + 1);
                var production = await LocateAsync(
                    spec, spec.Production!, spec.ProductionPath, CancellationToken.None);
                var candidate = await LocateAsync(spec, spec.Candidate, spec.Path, CancellationToken.None);
                _rollouts[spec.Task] =
                    new TaskRollout(spec, promotion, production, candidate, kept.History, time, Save);
            }
            catch (BadInputException bad)
            {
                story.WriteLine($"plimsoll: the rollout of {spec.Task} is not taken up: {bad.Message}");
            }
        }
    }

    bool PromisesTtft => levels().Choose(null, null).TtftNs is not null;

    async Task<Answerer> LocateAsync(RolloutSpec spec, string name, string? path,
        CancellationToken cancellation)
    {
        if (models.FindLocal(name, null, out _) is not null || upstreams.ContainsKey(name))
            return new Answerer(name, null);
        var upstream = upstreams.GetValueOrDefault(spec.Model);
        var local = models.FindLocal(spec.Model, null, out var adapter);
        if (upstream is null && (local is null || adapter is not null))
        {
            throw new BadInputException($"model {spec.Model}: not served here; expected a served base model");
        }
        if (path is null && upstream is not null && upstream.Knows(name))
            return new Answerer(name, upstream.Name);
        if (path is null)
            throw new BadInputException($"{name}: not served here; expected path, its adapter file");
        try
        {
            if (upstream is not null)
                await adapters.LoadAsync(upstream, name, path, cancellation);
            else
                await local!.Engine.LoadAdapterAsync(name, path, cancellation);
        }
        catch (EngineRefusalException refusal)
        {
            throw new BadInputException(refusal.Message);
        }
        return new Answerer(name, upstream?.Name);
    }

    void Save()
    {
        lock (_file)
        {
            var kept = _rollouts.Values.Select(r => (r.Spec, r.State))
                .Select(r => new Kept(r.Spec, r.State.Stage, r.State.Reason, r.State.History));
            Directory.CreateDirectory(stateFolder);
            WholeFile.Write(_path, JsonSerializer.Serialize(kept, _options));
        }
    }

    List<Kept> Read()
    {
        if (!File.Exists(_path))
            return [];
        try
        {
            return JsonSerializer.Deserialize<List<Kept>>(File.ReadAllText(_path), _options) ?? [];
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw new BadInputException(
                $"{_path}: {e.Message.Split(" Path:")[0].TrimEnd('.')}; expected what this server wrote");
        }
    }
}
