using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Twins;

namespace Plimsoll.Server.Gateway;

/// <summary>A batch line may go: where, how much of it, and what to watch while it is out.</summary>
public sealed class BatchGrant(
    int replica, Release release, TwinTicket ticket, CancellationTokenSource paused)
    : IDisposable
{
    public int Replica => replica;

    public Release Release => release;

    public TwinTicket Ticket => ticket;

    /// <summary>Cancelled when the line has to make room.</summary>
    public CancellationToken Paused => paused.Token;

    internal void Pause() => paused.Cancel();

    public void Dispose()
    {
        ticket.Drop();
        paused.Dispose();
    }
}

/// <summary>
/// The twins of one model's replicas: fed by what passes, asked where a request's first token comes soonest,
/// and letting batch lines go as the promise leaves room. One lock, no engine behind it waits for it.
/// </summary>
public sealed class ModelTwins : IDisposable
{
    static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(5);

    /// <summary>How fast the bytes of a token are learnt.</summary>
    const double Learning = 0.05;

    readonly Lock _gate = new();
    readonly TwinReplica[] _twins;
    readonly Func<int, string?, bool> _takes;
    readonly TimeProvider _time;
    readonly long _began;
    readonly LinkedList<Waiter> _waiting = new();
    readonly Dictionary<TwinRequest, BatchGrant> _granted = [];
    readonly ITimer _timer;
    double _bytesPerToken = 4;

    sealed record Waiter(
        UpstreamPrompt Prompt, string? Adapter, int? Replica, TaskCompletionSource<BatchGrant> Granted);

    /// <param name="takes">Whether a replica is there, and holds an adapter.</param>
    public ModelTwins(
        TwinOptions options, int replicas, Func<int, string?, bool> takes, TimeProvider time)
    {
        _takes = takes;
        Options = options;
        _time = time;
        _began = time.GetTimestamp();
        _twins = new TwinReplica[replicas];
        for (var i = 0; i < replicas; i++)
            _twins[i] = new TwinReplica(options);
        _timer = time.CreateTimer(_ => Tick(), null, _tick, _tick);
    }

    public TwinOptions Options { get; }

    /// <summary>Batch lines that wait for room.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    public double BytesPerToken => Volatile.Read(ref _bytesPerToken);

    long NowNs => _time.GetElapsedTime(_began).Ticks * 100;

    /// <summary>What a usage said of a prompt of so many bytes.</summary>
    public void Learn(UpstreamPrompt prompt, int promptTokens)
    {
        if (promptTokens < 32 || prompt.Bytes == 0)
            return;
        lock (_gate)
        {
            var seen = Math.Clamp((double)prompt.Bytes / promptTokens, 1, 16);
            Volatile.Write(ref _bytesPerToken, _bytesPerToken + (Learning * (seen - _bytesPerToken)));
        }
    }

    /// <summary>Predicted time to the first token of a request at each replica, nanoseconds.</summary>
    public long[] Predict(UpstreamPrompt prompt)
    {
        var predicted = new long[_twins.Length];
        lock (_gate)
        {
            var nowNs = NowNs;
            for (var i = 0; i < predicted.Length; i++)
            {
                var cached = Math.Min(prompt.Tokens - 1, _twins[i].CachedTokens(prompt.Keys.Span));
                _twins[i].Advance(nowNs);
                predicted[i] = _twins[i].PredictTtftNs(prompt.Tokens - cached, nowNs);
            }
        }
        return predicted;
    }

    /// <summary>An interactive request goes to a replica. Batch lines that it cannot wait for are put
    /// out.</summary>
    public TwinTicket Send(int replica, UpstreamPrompt prompt)
    {
        var put = new List<BatchGrant>();
        TwinRequest? request;
        lock (_gate)
        {
            var twin = _twins[replica];
            var nowNs = NowNs;
            request = twin.Send(prompt.Tokens, prompt.OutputTokens, prompt.Keys, isBatch: false, nowNs);
            foreach (var paused in twin.Pause(nowNs))
            {
                if (_granted.Remove(paused, out var grant))
                    put.Add(grant);
            }
        }
        foreach (var grant in put)
            grant.Pause();
        return new TwinTicket(this, replica, request);
    }

    /// <summary>Waits until a batch line, or its next piece, may go.</summary>
    /// <param name="adapter">The adapter that it is for; null for the model itself.</param>
    /// <param name="replica">Where earlier pieces went; null for anywhere.</param>
    public async Task<BatchGrant> ReleaseAsync(
        UpstreamPrompt prompt, string? adapter, int? replica, CancellationToken cancellation)
    {
        var waiter = new Waiter(prompt, adapter, replica,
            new TaskCompletionSource<BatchGrant>(TaskCreationOptions.RunContinuationsAsynchronously));
        LinkedListNode<Waiter> node;
        lock (_gate)
            node = replica is null ? _waiting.AddLast(waiter) : _waiting.AddFirst(waiter);
        await using var registration = cancellation.Register(() =>
        {
            lock (_gate)
            {
                if (node.List is not null)
                    _waiting.Remove(node);
            }
            waiter.Granted.TrySetCanceled(cancellation);
        });
        return await waiter.Granted.Task;
    }

    /// <summary>Lines for an adapter that nobody will hold: their model does not exist.</summary>
    public void GiveUp(Func<string, bool> isGone)
    {
        lock (_gate)
        {
            for (var node = _waiting.First; node is not null;)
            {
                var (waiter, here) = (node.Value, node);
                node = node.Next;
                if (waiter.Adapter is not { } adapter || !isGone(adapter))
                    continue;
                _waiting.Remove(here);
                waiter.Granted.TrySetException(ApiException.UnknownModel(adapter));
            }
        }
    }

    /// <summary>What the engine says of itself.</summary>
    public void Observe(int replica, int running, int waiting)
    {
        lock (_gate)
            _twins[replica].Observe(running, waiting);
    }

    /// <summary>Looks at a twin while nothing happens to it.</summary>
    public T Look<T>(int replica, Func<TwinReplica, T> look)
    {
        lock (_gate)
            return look(_twins[replica]);
    }

    public void Dispose() => _timer.Dispose();

    internal void Hear(int replica, TwinRequest request, int tokens, bool last)
    {
        lock (_gate)
        {
            _twins[replica].Hear(request, tokens, last, NowNs);
            if (last)
                _granted.Remove(request);
        }
    }

    internal void Drop(int replica, TwinRequest request)
    {
        lock (_gate)
        {
            if (!request.IsOver)
                _twins[replica].Drop(request, NowNs);
            _granted.Remove(request);
        }
    }

    void Tick()
    {
        lock (_gate)
        {
            var nowNs = NowNs;
            for (var i = 0; i < _twins.Length; i++)
            {
                _twins[i].Advance(nowNs);
                while (TryRelease(i, nowNs))
                {
                }
            }
        }
    }

    /// <summary>Lets the first line go that may go here; false when none may.</summary>
    bool TryRelease(int replica, long nowNs)
    {
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            var waiter = node.Value;
            if ((waiter.Replica is { } home && home != replica) || !_takes(replica, waiter.Adapter))
                continue;
            var twin = _twins[replica];
            var prompt = waiter.Prompt;
            var sent = Math.Min(prompt.Tokens - 1, twin.CachedTokens(prompt.Keys.Span));
            var release = twin.Judge(prompt.Tokens, Math.Max(sent, 0), prompt.OutputTokens, nowNs);
            if (release.IsNothing)
                return false;
            _waiting.Remove(node);
            var size = Options.Limits.PrefixBlockTokens;
            var blocks = size > 0 ? release.PromptTokens / size : 0;
            var request = twin.Send(
                release.PromptTokens, release.IsWhole ? prompt.OutputTokens : 1,
                prompt.Keys[..Math.Min(prompt.Keys.Length, blocks)], isBatch: true, nowNs);
            var grant = new BatchGrant(
                replica, release, new TwinTicket(this, replica, request), new CancellationTokenSource());
            if (request is not null)
                _granted[request] = grant;
            if (!waiter.Granted.TrySetResult(grant))
                grant.Dispose();
            return true;
        }
        return false;
    }
}

/// <summary>A request's place in a twin. The default one belongs to nobody and hears nothing.</summary>
public readonly record struct TwinTicket(ModelTwins? Twins, int Replica, TwinRequest? Request)
{
    /// <summary>A token came back.</summary>
    public void Hear(int tokens = 1, bool last = false)
    {
        if (Request is not null)
            Twins!.Hear(Replica, Request, tokens, last);
    }

    /// <summary>Nothing more will come.</summary>
    public void Drop()
    {
        if (Request is not null)
            Twins!.Drop(Replica, Request);
    }
}
