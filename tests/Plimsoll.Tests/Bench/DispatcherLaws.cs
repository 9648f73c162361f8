using System;
using System.Linq;
using Plimsoll.Bench.Load;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>The load of a live run, sent in simulated time to a server of one place and equal service
/// times.</summary>
public sealed class DispatcherLaws
{
    const double ServiceNs = SimulatedPlaces.ServiceNs;

    /// <summary>
    /// Overloaded, the n-th request waits for n services less n gaps: what a client shows that measures from
    /// when a request was due, and what one that measures from its send hides.
    /// </summary>
    [Fact]
    public void Under_overload_latency_is_that_of_the_queue()
    {
        const int Requests = 2000;
        const double Rate = 130;
        var latencies = SimulatedPlaces.Queue(Requests, Rate, double.PositiveInfinity, seed: 7);
        var expected = ServiceNs + (Requests - 1) / 2.0 * (ServiceNs - 1e9 / Rate);
        latencies.Average(l => l.FromDue).ShouldBe(expected, 0.001 * expected);
        latencies.Average(l => l.FromSend).ShouldBe(ServiceNs, 1);
    }

    /// <summary>Pollaczek and Khinchine: the mean wait of M/D/1 is ρ·D/(2(1 − ρ)); overloaded it is
    /// transient.</summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.8)]
    public void Below_it_the_wait_is_that_of_a_queue_of_equal_services(double load)
    {
        var latencies = SimulatedPlaces.Queue(250_000, load * 1e9 / ServiceNs, 1, seed: 7);
        var expected = ServiceNs + load * ServiceNs / (2 * (1 - load));
        latencies.Average(l => l.FromDue).ShouldBe(expected, 0.02 * expected);
    }

    [Fact]
    public void A_closed_loop_keeps_its_clients_busy_and_no_more()
    {
        var load = new ClosedLoad(new LengthArrivals(new LengthOptions(8, 8), 100, 1), clients: 3, level: 0);
        var most = 0;
        var latencies = SimulatedPlaces.Serve(
            new Dispatcher(load), places: 3, inFlight => most = Math.Max(most, inFlight));
        most.ShouldBe(3);
        latencies.Count.ShouldBe(100);
        latencies.ShouldAllBe(l => l.FromDue == (long)ServiceNs);
    }
}
