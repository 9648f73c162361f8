using System;
using System.Collections.Concurrent;
using System.Data.Common;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Server.Batches;

/// <summary>
/// Finds batches with work left and runs each; a batch that a crash left behind goes on where it was.
/// </summary>
public sealed partial class BatchRunner : IAsyncDisposable
{
    static readonly TimeSpan _period = TimeSpan.FromSeconds(2);

    readonly BatchStore _store;
    readonly Func<string, CancellationToken, Task> _run;
    readonly ILogger _log;
    readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _wake = new(0);
    readonly Task _loop;

    /// <param name="store">Where batches are.</param>
    /// <param name="run">Runs one batch until it is over, or cancelled.</param>
    public BatchRunner(BatchStore store, Func<string, CancellationToken, Task> run, ILogger log)
    {
        _store = store;
        _run = run;
        _log = log;
        _loop = LoopAsync();
    }

    /// <summary>Looks for work now rather than at the next tick.</summary>
    public void Wake() => _wake.Release();

    /// <summary>Stops; lines in work stay open and are run again by the next life.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await Task.WhenAll(_running.Values);
        try
        {
            await _store.ReleaseAsync();
        }
        catch (DbException)
        {
            // It is away: what is held here runs out by itself.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failed(_log, e, "lease");
        }
        _stop.Dispose();
        _wake.Dispose();
    }

    async Task LoopAsync()
    {
        var isAway = false;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var id in await _store.ClaimAsync())
                {
                    if (!_running.ContainsKey(id))
                        _running[id] = RunAsync(id);
                }
                isAway = false;
                await _wake.WaitAsync(_period, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (DbException e)
            {
                // Said once for each time that the database is away; where in here it was met says nothing.
                if (!isAway)
                    Away(_log, e.Message.ReplaceLineEndings(" "));
                isAway = true;
                await Task.Delay(1000, CancellationToken.None);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Failed(_log, e, "claim");
                await Task.Delay(1000, CancellationToken.None);
            }
        }
    }

    async Task RunAsync(string id)
    {
        await Task.Yield();
        try
        {
            await _run(id, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The next life goes on with it.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Failed(_log, e, id);
            await Task.Delay(2000, CancellationToken.None);
        }
        _running.TryRemove(id, out _);
    }

    [LoggerMessage(2, LogLevel.Warning, "No batch goes on while the database is away ({Reason}).")]
    static partial void Away(ILogger log, string reason);

    [LoggerMessage(1, LogLevel.Error, "Batch {Batch} is interrupted and will be tried again.")]
    static partial void Failed(ILogger log, Exception error, string batch);
}
