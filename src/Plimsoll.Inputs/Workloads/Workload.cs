using System.Collections.Generic;
using Plimsoll.Core.Promises;

namespace Plimsoll.Inputs.Workloads;

/// <summary>
/// What is served: arrivals, lengths, prefix reuse. A trace or a named family; either can be replayed at
/// any rate with its shape kept.
/// </summary>
public abstract class Workload
{
    public abstract string Name { get; }

    /// <summary>Where the workload comes from: a file, or the data a family was fitted to.</summary>
    public abstract string Source { get; }

    /// <summary>
    /// What was done to the data as they were read, one sentence each: whoever reads a figure should know.
    /// </summary>
    public virtual IReadOnlyList<string> Notes => [];

    /// <summary>Mean arrival rate of the data itself, requests per second.</summary>
    public abstract double RequestsPerSecond { get; }

    /// <summary>Whether the data has a rate of its own; without one a rate has to be given.</summary>
    public virtual bool HasRate => true;

    public abstract double MeanPromptTokens { get; }

    public abstract double MeanOutputTokens { get; }

    /// <summary>Whether images are known by size, so that each model counts them by its rule.</summary>
    public virtual bool HasImages => false;

    /// <summary>Whether an arrival may wait for the answer to an earlier one.</summary>
    public virtual bool ClosedLoop => false;

    /// <summary>
    /// How long the arrivals remember their rate, seconds; 0 when independent of each other.
    /// </summary>
    public virtual double CorrelationS => 0;

    /// <summary>Requests of a recorded workload; null where they are drawn.</summary>
    public virtual long? Recorded => null;

    /// <summary>
    /// The levels of service that requests name by their place here, in order of first appearance; empty
    /// where the workload tells none apart.
    /// </summary>
    public virtual IReadOnlyList<LevelPromise> Levels => [];

    /// <summary>Names of the tenants that requests tell apart, in order of first appearance.</summary>
    public virtual IReadOnlyList<string> Tenants => [];

    /// <summary>
    /// Demand over the week by hour, mean 1; what the fleet is sized for. A single 1 when demand is flat.
    /// </summary>
    public abstract IReadOnlyList<double> WeeklyEnvelope { get; }

    /// <summary>
    /// Opens a stream of <paramref name="requests"/> arrivals at <paramref name="requestsPerSecond"/> on
    /// average. The same arguments give the same arrivals, bit for bit.
    /// </summary>
    /// <param name="requestsPerSecond">Mean rate.</param>
    /// <param name="requests">How many.</param>
    /// <param name="seed">Seed of all draws.</param>
    /// <param name="process">How arrivals scatter.</param>
    /// <param name="openSessions">All at once in a closed loop: sessions that take turns at a time; null for
    /// all of them.</param>
    public abstract IArrivalSource Open(
        double requestsPerSecond, long requests, ulong seed, ArrivalProcess process = ArrivalProcess.Own,
        int? openSessions = null);
}
