using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Server.Batches;

/// <summary>
/// Places of batch lines in work: so many per model, and of the tenants that wait for one the tenant with
/// the fewest lines in work, for what it weighs, is next. A model that takes no more is asked for no more
/// than it has in work; one that is away gets a line at a time, each later than the last, until one is
/// answered.
/// </summary>
/// <param name="most">Places per model; asked each time, since a reload may change it.</param>
/// <param name="weightOf">What a tenant weighs against others; asked each time too.</param>
sealed class BatchPlaces(Func<int> most, Func<string, int> weightOf, TimeProvider time) : IDisposable
{
    readonly ConcurrentDictionary<string, ModelPlaces> _models = new(StringComparer.Ordinal);

    /// <summary>Waits for a place; dispose it when its line is no longer in work.</summary>
    public Task<Place> EnterAsync(string model, string tenant, CancellationToken cancellation) =>
        _models.GetOrAdd(model, _ => new ModelPlaces(most, weightOf, time)).EnterAsync(tenant, cancellation);

    public void Dispose()
    {
        foreach (var model in _models.Values)
            model.Dispose();
    }

    /// <summary>One line's place.</summary>
    public sealed class Place(ModelPlaces model, string tenant) : IDisposable
    {
        public string Tenant => tenant;

        /// <summary>The model has answered, be it that the line is wrong.</summary>
        public void Answered() => model.Answered();

        /// <summary>The model takes no line now.</summary>
        public void TurnedAway() => model.TurnedAway();

        public void Dispose() => model.Leave(this);
    }

    /// <summary>The places of one model.</summary>
    public sealed class ModelPlaces : IDisposable
    {
        static readonly TimeSpan _firstRest = TimeSpan.FromMilliseconds(500);
        static readonly TimeSpan _longestRest = TimeSpan.FromSeconds(15);

        readonly Lock _gate = new();
        readonly Func<int> _most;
        readonly Func<string, int> _weightOf;
        readonly ITimer _timer;
        readonly List<Waiter> _waiting = [];
        readonly Dictionary<string, int> _byTenant = new(StringComparer.Ordinal);
        int _inWork;
        int _takes = int.MaxValue;
        int _answeredSince;
        bool _isFull;
        bool _isResting;
        TimeSpan _rest;

        sealed record Waiter(string Tenant, TaskCompletionSource<Place> Granted);

        public ModelPlaces(Func<int> most, Func<string, int> weightOf, TimeProvider time)
        {
            (_most, _weightOf) = (most, weightOf);
            var never = Timeout.InfiniteTimeSpan;
            _timer = time.CreateTimer(_ => EndRest(), null, never, never);
        }

        public async Task<Place> EnterAsync(string tenant, CancellationToken cancellation)
        {
            var waiter = new Waiter(
                tenant, new TaskCompletionSource<Place>(TaskCreationOptions.RunContinuationsAsynchronously));
            lock (_gate)
            {
                _waiting.Add(waiter);
                Grant();
            }
            await using var registration = cancellation.Register(() =>
            {
                lock (_gate)
                {
                    if (!_waiting.Remove(waiter))
                        return;
                }
                waiter.Granted.TrySetCanceled(cancellation);
            });
            return await waiter.Granted.Task;
        }

        public void Answered()
        {
            lock (_gate)
            {
                _rest = TimeSpan.Zero;
                _isResting = false;
                // Beside a full model one more is tried for each round that was answered; one that was away
                // and is back gets twice as many with each round.
                if (_takes < _most() && (!_isFull || ++_answeredSince >= _takes))
                {
                    _takes++;
                    _answeredSince = 0;
                }
                Grant();
            }
        }

        public void TurnedAway()
        {
            lock (_gate)
            {
                _takes = Math.Max(1, Math.Min(_takes, _inWork - 1));
                _answeredSince = 0;
                _isFull = _inWork > 1;
                // What fails in the same moment is one failure.
                if (_isResting)
                    return;
                _rest = _rest == TimeSpan.Zero ? _firstRest : 2 * _rest;
                _rest = _rest < _longestRest ? _rest : _longestRest;
                _isResting = true;
                _timer.Change(_rest, Timeout.InfiniteTimeSpan);
            }
        }

        public void Leave(Place place)
        {
            lock (_gate)
            {
                _inWork--;
                if (--_byTenant[place.Tenant] == 0)
                    _byTenant.Remove(place.Tenant);
                Grant();
            }
        }

        public void Dispose() => _timer.Dispose();

        void EndRest()
        {
            lock (_gate)
            {
                _isResting = false;
                Grant();
            }
        }

        void Grant()
        {
            while (!_isResting && _waiting.Count > 0 && _inWork < Math.Min(_takes, _most()))
            {
                var next = _waiting[0];
                foreach (var waiter in _waiting)
                {
                    if (ShareOf(waiter.Tenant) < ShareOf(next.Tenant))
                        next = waiter;
                }
                _waiting.Remove(next);
                _inWork++;
                _byTenant[next.Tenant] = _byTenant.GetValueOrDefault(next.Tenant) + 1;
                next.Granted.SetResult(new Place(this, next.Tenant));
            }
        }

        /// <summary>Whoever has none in work comes first, however little it weighs.</summary>
        double ShareOf(string tenant) =>
            (double)_byTenant.GetValueOrDefault(tenant) / _weightOf(tenant);
    }
}
