using System;
using System.Collections.Generic;
using MathNet.Numerics.Distributions;
using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// Arrival times of a log-Gaussian Cox process: rate(t) = rate · exp(σz(t) − σ²/2), z a stationary
/// Ornstein–Uhlenbeck process with correlation time τ. The rate is constant within cells of τ/20, in which
/// arrivals are exact. Pooled tenants are independent processes of equal share. σ = 0 is a Poisson process.
/// The rate may follow a week of hours on top.
/// </summary>
sealed class LgcpClock
{
    /// <summary>Cells per correlation time: the correlation lost within a cell is below 5 %.</summary>
    const int CellsPerTau = 20;
    const double HourS = 3600;

    /// <summary>
    /// Cells between which a distribution can be told, and that a path may hold over all tenants.
    /// </summary>
    const int FewestCells = 10, MostCells = 4_000_000;

    readonly double _sigma;
    readonly double _cellS;
    readonly double _keep;
    readonly double _rate;
    readonly double[] _tides;
    readonly IReadOnlyList<double> _hours;
    RandomStream _arrivals;
    RandomStream _modulation;
    readonly double[][]? _paths;
    int _cell;
    double _nowS;
    double _cellEndS;
    double _hourEndS;
    double _cellRate;
    int _hour;

    /// <param name="rate">Mean arrivals per second.</param>
    /// <param name="sigma">Strength of the bursts.</param>
    /// <param name="tauS">How long they last, seconds.</param>
    /// <param name="tenants">Independent processes of equal share.</param>
    /// <param name="hours">Demand by hour, mean 1, repeated for ever; a single 1 for none.</param>
    /// <param name="seed">Seed of all draws.</param>
    /// <param name="representativeS">Seconds in which each tenant's rate goes through exactly its
    /// distribution; 0 for a mere draw.</param>
    public LgcpClock(
        double rate, double sigma, double tauS, int tenants, IReadOnlyList<double> hours, ulong seed,
        double representativeS = 0)
    {
        _hours = hours;
        _hourEndS = hours.Count > 1 ? HourS : double.PositiveInfinity;
        _rate = rate;
        _sigma = sigma;
        _cellS = tauS / CellsPerTau;
        _keep = Math.Exp(-1.0 / CellsPerTau);
        _arrivals = new RandomStream(seed, purpose: 1);
        _modulation = new RandomStream(seed, purpose: 2);
        _tides = new double[sigma > 0 ? tenants : 0];
        for (var i = 0; i < _tides.Length; i++)
            _tides[i] = _modulation.NextNormal();
        var cells = sigma > 0 ? Math.Ceiling(representativeS / _cellS) : 0;
        if (cells is >= FewestCells && cells * tenants <= MostCells)
            _paths = Paths((int)cells);
        _cellEndS = sigma > 0 ? _cellS : double.PositiveInfinity;
        _cellRate = CurrentRate();
    }

    /// <summary>Time of the next arrival, nanoseconds.</summary>
    public long NextNs()
    {
        var work = _arrivals.NextExponential();
        while (true)
        {
            var endS = Math.Min(_cellEndS, _hourEndS);
            var untilEnd = (endS - _nowS) * _cellRate;
            if (work < untilEnd)
            {
                _nowS += work / _cellRate;
                return (long)(_nowS * 1e9);
            }
            work -= untilEnd;
            _nowS = endS;
            if (endS >= _hourEndS)
            {
                _hour = (_hour + 1) % _hours.Count;
                _hourEndS += HourS;
            }
            if (endS >= _cellEndS)
                Drift();
            _cellRate = CurrentRate();
        }
    }

    void Drift()
    {
        _cellEndS += _cellS;
        if (_paths is not null)
        {
            _cell = (_cell + 1) % _paths[0].Length;
            for (var i = 0; i < _tides.Length; i++)
                _tides[i] = _paths[i][_cell];
            return;
        }
        for (var i = 0; i < _tides.Length; i++)
            _tides[i] = _keep * _tides[i] + Math.Sqrt(1 - _keep * _keep) * _modulation.NextNormal();
    }

    /// <summary>
    /// Each tenant's path with every value replaced by the normal quantile of its rank: the order in time is
    /// the drawn one, the values are the distribution's own.
    /// </summary>
    double[][] Paths(int cells)
    {
        var paths = new double[_tides.Length][];
        for (var i = 0; i < paths.Length; i++)
        {
            var path = paths[i] = new double[cells];
            var ranks = new int[cells];
            for (var cell = 0; cell < cells; cell++)
            {
                ranks[cell] = cell;
                path[cell] = _tides[i];
                _tides[i] = _keep * _tides[i] + Math.Sqrt(1 - _keep * _keep) * _modulation.NextNormal();
            }
            Array.Sort((double[])path.Clone(), ranks);
            for (var rank = 0; rank < cells; rank++)
                path[ranks[rank]] = Normal.InvCDF(0, 1, (rank + 0.5) / cells);
            _tides[i] = path[0];
        }
        return paths;
    }

    double CurrentRate()
    {
        var rate = _rate * _hours[_hour];
        if (_tides.Length == 0)
            return rate;
        double sum = 0;
        foreach (var tide in _tides)
            sum += Math.Exp(_sigma * tide - _sigma * _sigma / 2);
        return rate * sum / _tides.Length;
    }
}
