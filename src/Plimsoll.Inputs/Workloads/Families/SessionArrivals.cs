using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// A closed loop: sessions start at random; each call carries the whole context before it, waits for its
/// answer, and is followed by the next after a tool or a person has taken their time.
/// </summary>
sealed class SessionArrivals : IArrivalSource
{
    /// <summary>A session's prompts share whole blocks of this many tokens.</summary>
    public const int BlockTokens = 256;

    /// <summary>
    /// Agents compact a context before it outgrows a window of 128 Ki tokens and an answer.
    /// </summary>
    const int MostTokens = 120_000;

    readonly SessionSpec _spec;
    readonly LengthSampler _first;
    readonly LengthSampler _output;
    readonly LengthSampler _turns;
    readonly LengthSampler _growth;
    readonly LengthSampler _tool;
    readonly LengthSampler _human;
    readonly LgcpClock? _starts;
    readonly LevelDraws? _levels;
    readonly PriorityQueue<int, (long AtNs, long Order)> _due = new();
    readonly Dictionary<int, State> _sessions = [];
    RandomStream _random;
    long _left;
    int _started;
    long _order;
    long _nextStartNs;
    long _backlog;

    /// <param name="spec">The family.</param>
    /// <param name="starts">When sessions start. Null for a backlog of sessions that are all there from the
    /// start and never wait for a person or a tool.</param>
    /// <param name="requests">Calls to draw.</param>
    /// <param name="seed">Seed of all draws.</param>
    /// <param name="openSessions">Sessions of the backlog that take turns at a time; null for all.</param>
    public SessionArrivals(
        FamilySpec spec, LgcpClock? starts, long requests, ulong seed, int? openSessions = null)
    {
        _spec = spec.Session!;
        _first = new LengthSampler(spec.Input);
        _output = new LengthSampler(spec.Output!);
        _turns = new LengthSampler(_spec.Turns);
        _growth = new LengthSampler(_spec.Growth);
        _tool = new LengthSampler(_spec.ToolSeconds);
        _human = new LengthSampler(_spec.HumanSeconds);
        _starts = starts;
        _levels = spec.Levels is { } levels ? new LevelDraws(levels, seed) : null;
        _backlog = starts is null
            ? Math.Max(1, Math.Min((long)(requests / _spec.Turns.Mean), openSessions ?? long.MaxValue))
            : long.MaxValue;
        _random = new RandomStream(seed, purpose: 6);
        _left = requests;
        _nextStartNs = starts?.NextNs() ?? 0;
    }

    public int PrefixBlockTokens => BlockTokens;

    public bool TryPeek(out long atNs)
    {
        var starts = _backlog > 0;
        atNs = starts ? _nextStartNs : 0;
        if (_due.TryPeek(out _, out var due))
            atNs = starts ? Math.Min(due.AtNs, _nextStartNs) : due.AtNs;
        return _left > 0 && (starts || _due.Count > 0);
    }

    public void Take(out Arrival arrival)
    {
        _left--;
        TryPeek(out var atNs);
        int session;
        if (_due.TryPeek(out var waiting, out var due) && (_backlog == 0 || due.AtNs <= _nextStartNs))
        {
            session = waiting;
            _due.Dequeue();
        }
        else
        {
            session = Start();
            _backlog--;
            _nextStartNs = _starts?.NextNs() ?? atNs;
        }
        var state = _sessions[session];
        var output = _output.At(_random.NextDouble());
        arrival = new Arrival
        {
            AtNs = atNs,
            PromptTokens = state.Context,
            OutputTokens = output,
            PrefixKeys = state.Keys.AsMemory(0, state.Context / BlockTokens),
            Session = session,
            Level = state.Level,
        };
        state.Answer = output;
    }

    public void Finished(int session, long nowNs)
    {
        var state = _sessions[session];
        state.TurnsLeft--;
        if (state.TurnsLeft <= 0)
        {
            _sessions.Remove(session);
            if (_starts is null)
            {
                _backlog++;
                _nextStartNs = Math.Max(_nextStartNs, nowNs);
            }
            return;
        }
        var context = state.Context + (long)state.Answer + _growth.At(_random.NextDouble());
        if (context > MostTokens)
            Compact(state);
        else
            state.Grow((int)context);
        var gap = _random.NextDouble() < _spec.HumanShare ? _human : _tool;
        var gapNs = gap.At(_random.NextDouble()) * 1_000_000_000L;
        _due.Enqueue(session, (nowNs + (_starts is null ? 0 : gapNs), _order++));
    }

    int Start()
    {
        var state = new State
        {
            Owner = _random.NextBits(),
            TurnsLeft = _turns.At(_random.NextDouble()),
            Level = _levels?.Next() ?? 0,
        };
        state.Grow(Math.Min(MostTokens, _first.At(_random.NextDouble())));
        _sessions.Add(_started, state);
        return _started++;
    }

    /// <summary>A full context is summarised: a short new one begins.</summary>
    void Compact(State state)
    {
        state.Owner = _random.NextBits();
        state.Keys = [];
        state.Grow(Math.Min(MostTokens / 4, _first.At(_random.NextDouble())));
    }

    sealed class State
    {
        public ulong Owner;
        public ulong[] Keys = [];
        public int Context;
        public int Answer;
        public int TurnsLeft;
        public int Level;

        /// <summary>Extends the context; keys already handed out stay as they are.</summary>
        public void Grow(int context)
        {
            Context = context;
            var blocks = context / BlockTokens;
            if (blocks <= Keys.Length)
                return;
            var grown = new ulong[Math.Max(blocks, 2 * Keys.Length)];
            Keys.CopyTo(grown, 0);
            for (var i = Keys.Length; i < grown.Length; i++)
                grown[i] = PrefixKeys.Of(Owner, i);
            Keys = grown;
        }
    }
}
