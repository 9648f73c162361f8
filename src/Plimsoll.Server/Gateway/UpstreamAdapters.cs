using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Data.Common;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Plimsoll.Core;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Adapters of engines behind the gateway. Which replica holds which is what the replicas' own lists say,
/// looked at every other second; one that was loaded here and is missing there, since the replica was away
/// or has begun anew, is loaded again.
/// </summary>
sealed partial class UpstreamAdapters(
    IReadOnlyCollection<UpstreamModel> models, AdapterShelf shelf, Func<string, bool> isTaken,
    TimeProvider time, ILogger log) : IAsyncDisposable
{
    static readonly TimeSpan _period = TimeSpan.FromSeconds(2);
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _one = new(1);
    readonly ConcurrentDictionary<(string Url, string Name), string> _refusals = [];
    Task _loop = Task.CompletedTask;

    /// <summary>Whether no adapter of a model can have this name: requests would reach another.</summary>
    public bool IsTaken(string name, UpstreamModel model) =>
        isTaken(name) || models.Any(other => other != model && other.Knows(name));

    /// <summary>Looks once, so that what replicas hold is known before the first request.</summary>
    public async Task StartAsync()
    {
        if (models.Count == 0)
            return;
        foreach (var replica in models.SelectMany(model => model.Replicas))
            replica.IsTaken = isTaken;
        await Task.WhenAll(models.Select(LookAsync));
        _loop = LoopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>All replicas that are there hold it, or none does.</summary>
    /// <returns>The addresses of those that are away: they get it when they are back.</returns>
    /// <exception cref="BadInputException">A replica refuses it; those that took it are told to forget
    /// it.</exception>
    public async Task<IReadOnlyList<string>> LoadAsync(
        UpstreamModel model, string name, string path, CancellationToken cancellation)
    {
        var call = new AdapterCall(name, path);
        await _one.WaitAsync(cancellation);
        try
        {
            var answers = await Task.WhenAll(
                model.Replicas.Select(replica => call.LoadAsync(replica, cancellation)));
            var refused = Array.FindIndex(answers,
                answer => answer is { Refusal: not null, IsAway: false, HadIt: false });
            if (refused < 0 && answers.All(answer => answer.IsAway))
                refused = 0;
            if (refused >= 0)
            {
                await ForgetAsync(model, call, answers);
                throw new BadInputException($"{model.Replicas[refused].Config.Url}: adapter {name} cannot be "
                    + $"loaded: {answers[refused].Refusal}");
            }
            await KeepAsync(model, call, answers);
            return [.. model.Replicas.Where((_, i) => answers[i].IsAway).Select(one => one.Config.Url)];
        }
        finally
        {
            _one.Release();
        }
    }

    /// <returns>What replicas said that still hold it, or may; null where the model has no such
    /// adapter.</returns>
    public async Task<IReadOnlyList<string>?> UnloadAsync(
        UpstreamModel model, string name, CancellationToken cancellation)
    {
        var call = new AdapterCall(name, null);
        await _one.WaitAsync(cancellation);
        try
        {
            if (!model.Knows(name))
                return null;
            await shelf.RemoveAsync(model.Name, name);
            model.Wished = model.Wished.Where(one => one.Key != name).ToDictionary();
            var answers = await Task.WhenAll(
                model.Replicas.Select(replica => call.UnloadAsync(replica, cancellation)));
            await Task.WhenAll(model.Replicas.Select(
                replica => replica.ListAdaptersAsync(_patience, cancellation)));
            model.GiveUpUnknown();
            return [.. model.Replicas.Zip(answers)
                .Where(one => one.Second.IsAway || one.First.Adapters.ContainsKey(name))
                .Select(one => $"{one.First.Config.Url}: {one.Second.Refusal}")];
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Nothing is kept that the database does not have.</summary>
    async Task KeepAsync(UpstreamModel model, AdapterCall call, AdapterAnswer[] answers)
    {
        try
        {
            await shelf.AddAsync(model.Name, call.Name, call.Path!);
        }
        catch (Exception e) when (e is StorageAwayException or DbException)
        {
            await ForgetAsync(model, call, answers);
            throw;
        }
        model.Wished = new Dictionary<string, string>(model.Wished) { [call.Name] = call.Path! };
        for (var i = 0; i < answers.Length; i++)
        {
            if (!answers[i].IsAway)
                model.Replicas[i].Hold(call.Name, call.Path!);
        }
    }

    static Task ForgetAsync(UpstreamModel model, AdapterCall call, AdapterAnswer[] answers) =>
        Task.WhenAll(model.Replicas.Where((_, i) => answers[i].Refusal is null)
            .Select(replica => call.UnloadAsync(replica, CancellationToken.None)));

    async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(_period, time);
        while (await timer.WaitForNextTickAsync(_stop.Token))
            await Task.WhenAll(models.Select(LookAsync));
    }

    async Task LookAsync(UpstreamModel model)
    {
        var replicas = model.Replicas.Where(replica => replica.IsHealthy).ToList();
        var listed = await Task.WhenAll(replicas.Select(
            replica => replica.ListAdaptersAsync(_patience, _stop.Token)));
        await _one.WaitAsync(_stop.Token);
        try
        {
            // After the lists: what was forgotten meanwhile is not brought back.
            model.Wished = await shelf.OfAsync(model.Name);
            await Task.WhenAll(replicas.Where((_, i) => listed[i]).Select(
                replica => BringBackAsync(replica, model.Wished)));
            model.GiveUpUnknown();
        }
        catch (Exception e) when (e is StorageAwayException or DbException)
        {
            // What was wished for before is still wished for.
        }
        finally
        {
            _one.Release();
        }
    }

    async Task BringBackAsync(UpstreamReplica replica, IReadOnlyDictionary<string, string> wished)
    {
        foreach (var (name, path) in wished)
        {
            if (replica.Adapters.ContainsKey(name))
                continue;
            var answer = await new AdapterCall(name, path).LoadAsync(replica, _stop.Token);
            if (answer.Refusal is null || answer.HadIt)
            {
                replica.Hold(name, path);
                _refusals.TryRemove((replica.Config.Url, name), out _);
            }
            else if (_refusals.TryAdd((replica.Config.Url, name), answer.Refusal))
            {
                // Said once: it is tried every other second.
                NotLoaded(log, replica.Config.Url, name, answer.Refusal);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Url} does not load adapter {Name} again: {Reason}")]
    static partial void NotLoaded(ILogger log, string url, string name, string reason);
}
