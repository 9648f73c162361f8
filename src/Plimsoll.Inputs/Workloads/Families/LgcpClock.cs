using System;
using System.Collections.Generic;
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

    readonly double _sigma;
    readonly double _cellS;
    readonly double _keep;
    readonly double _rate;
    readonly double[] _tides;
    readonly IReadOnlyList<double> _hours;
    RandomStream _arrivals;
    RandomStream _modulation;
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
    public LgcpClock(
        double rate, double sigma, double tauS, int tenants, IReadOnlyList<double> hours, ulong seed)
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
        for (var i = 0; i < _tides.Length; i++)
            _tides[i] = _keep * _tides[i] + Math.Sqrt(1 - _keep * _keep) * _modulation.NextNormal();
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
