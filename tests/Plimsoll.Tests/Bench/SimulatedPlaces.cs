using System;
using System.Collections.Generic;
using Plimsoll.Bench.Load;

namespace Plimsoll.Tests.Bench;

/// <summary>The load of a live run, sent in simulated time to a server of equal service times.</summary>
static class SimulatedPlaces
{
    public const double ServiceNs = 10e6;

    /// <summary>
    /// An open load at a server of one place, seen by a client that keeps one request in flight: the queue
    /// stands in the client, where only latency from the scheduled send shows it.
    /// </summary>
    /// <param name="requests">How many arrive.</param>
    /// <param name="rate">Arrivals a second.</param>
    /// <param name="shape">Of the gamma gaps: 1 is Poisson, infinity a metronome.</param>
    /// <param name="seed">Of the gaps.</param>
    public static List<(long FromDue, long FromSend)> Queue(
        int requests, double rate, double shape, ulong seed)
    {
        var lengths = new LengthArrivals(new LengthOptions(8, 8), requests, seed: 1);
        var load = new ArrivalLoad(new RetimedArrivals(lengths, rate, new GapProcess(shape, seed)), level: 0);
        return Serve(new Dispatcher(load, mostInFlight: 1), places: 1, _ => { });
    }

    /// <summary>Serves until the load is over; latencies in the order in which requests end.</summary>
    public static List<(long FromDue, long FromSend)> Serve(
        Dispatcher dispatcher, int places, Action<int> inFlight)
    {
        var latencies = new List<(long, long)>();
        var ends = new PriorityQueue<(PlannedRequest Request, long SentNs), long>();
        long now = 0;
        while (!dispatcher.IsOver)
        {
            if (ends.TryPeek(out var served, out var end) && end <= (dispatcher.NextAtNs ?? long.MaxValue))
            {
                now = Math.Max(now, end);
                ends.Dequeue();
                latencies.Add((end - served.Request.AtNs, end - served.SentNs));
                dispatcher.Ended(0, served.Request.Session, now);
                continue;
            }
            now = Math.Max(now, dispatcher.NextAtNs!.Value);
            while (ends.Count < places && dispatcher.TrySend(now, out var sent))
                ends.Enqueue((sent, now), now + (long)ServiceNs);
            inFlight(dispatcher.InFlight);
        }
        return latencies;
    }
}
