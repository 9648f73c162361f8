using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Tests.Bench;

namespace Plimsoll.Bench.Figures;

/// <summary>Latency from the scheduled send beside what the theory of queues says.</summary>
static class OverloadFigure
{
    const int Requests = 20_000;
    const int Seeds = 200;

    public static void Print()
    {
        foreach (var load in new[] { 1.05, 1.3, 2, 4 })
        {
            var rate = load * 1e9 / SimulatedPlaces.ServiceNs;
            var metronome = SimulatedPlaces.Queue(Requests, rate, double.PositiveInfinity, seed: 1);
            Print($"{load} × capacity, a metronome", metronome, QueueNs(load));
            var poisson = Enumerable.Range(1, Seeds)
                .SelectMany(seed => SimulatedPlaces.Queue(Requests, rate, 1, (ulong)seed)).ToList();
            Print($"{load} × capacity, Poisson, {Seeds} seeds", poisson,
                QueueNs(load) + EarlyIdleNs(rate));
        }
    }

    static void Print(string name, List<(long FromDue, long FromSend)> latencies, double queueNs)
    {
        var fromDueNs = latencies.Average(latency => latency.FromDue);
        var fromSendNs = latencies.Average(latency => latency.FromSend);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: from the scheduled send {fromDueNs / 1e6:0.0} ms, the queue {queueNs / 1e6:0.0} ms ")
            + string.Create(CultureInfo.InvariantCulture,
                $"({Math.Round(100 * ((fromDueNs / queueNs) - 1), 2):+0.00;-0.00;0.00} %); ")
            + string.Create(CultureInfo.InvariantCulture,
                $"from the send itself {fromSendNs / 1e6:0.0} ms"));
    }

    /// <summary>The n-th of N waits for n services less n gaps: on the mean for half of the last one's wait,
    /// then comes its service.</summary>
    static double QueueNs(double load) =>
        SimulatedPlaces.ServiceNs * (1 + ((Requests - 1) / 2.0 * (1 - (1 / load))));

    /// <summary>
    /// What a server idles on the mean before a queue of random arrivals never ends again, which all later
    /// requests wait longer: the depth of a walk that falls by exponential gaps and rises by equal services
    /// is exponential at the rate θ &lt; λ where e^(−θD) · λ/(λ − θ) = 1, with probability 1 − θ/λ.
    /// </summary>
    /// <param name="rate">λ, arrivals a second.</param>
    static double EarlyIdleNs(double rate)
    {
        var service = SimulatedPlaces.ServiceNs / 1e9;
        var (low, high) = (1e-9 * rate, rate * (1 - 1e-12));
        for (var i = 0; i < 100; i++)
        {
            var theta = (low + high) / 2;
            if (Math.Exp(-theta * service) * rate > rate - theta)
                high = theta;
            else
                low = theta;
        }
        return (1 - (low / rate)) / low * 1e9;
    }
}
