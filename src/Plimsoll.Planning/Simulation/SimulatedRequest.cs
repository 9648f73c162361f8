using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>What the simulated executor knows of a request, its answer's length first of all.</summary>
struct SimulatedRequest
{
    /// <summary>Its name where it is served.</summary>
    public RequestId Id;

    /// <summary>Order of arrival, from 0.</summary>
    public long Index;

    public int Session;

    /// <summary>Nobody waits for its tokens: a line of batch work, or a request taken in as one.</summary>
    public bool IsBatch;

    /// <summary>A line of batch work, handed in by the gate.</summary>
    public readonly bool IsLine => Index < 0;

    /// <summary>The cohort it decodes in.</summary>
    public int Cohort;

    public int Level;
    public int? Priority;
    public int Tenant;
    public int Adapter;
    public Deadlines Deadlines;

    /// <summary>
    /// Prompt tokens that the prefix cache gave at the first admission; negative before it.
    /// </summary>
    public int CachedTokens;

    /// <summary>Prompt tokens whose KV came from below the accelerators or was held by them.</summary>
    public int FetchedTokens;

    /// <summary>
    /// Gaps over the level's limits so far; of a decoding request, before <see cref="LateBase"/>.
    /// </summary>
    public LateGaps LateGaps;

    /// <summary>What the replica had counted for the level when the request began to decode.</summary>
    public LateGaps LateBase;

    public int PromptTokens;

    /// <summary>Leading prompt tokens that are images, and what encoding all of them takes.</summary>
    public int ImageTokens;

    public long EncoderPatches;

    public long EncoderPairs;

    /// <summary>Tokens of the answer; 0 where the request ends with its prompt.</summary>
    public int OutputTokens;

    /// <summary>Tokens of the answer given here; 1 in a prefill pool.</summary>
    public int TokensHere;

    /// <summary>Tokens that have been computed once, whether or not they were lost since.</summary>
    public int ComputedOnce;

    /// <summary>Drafts of the step that has just ended that were right.</summary>
    public int Accepted;

    /// <summary>Tokens given so far; kept up to date only while the request is not decoding.</summary>
    public int Emitted;

    public long ArrivalNs;
    public long FirstTokenNs;

    /// <summary>How much later than its step the first token came, and every token after it.</summary>
    public long LagNs;

    /// <summary>Time of the last token, while the request is not decoding.</summary>
    public long LastTokenNs;

    /// <summary>Last token of a decode that was left out of the steps since; 0 otherwise.</summary>
    public long WaitingSinceNs;

    /// <summary>Whether the request decodes, so that the wheel knows its last step.</summary>
    public bool InWheel;
}

/// <summary>Receives each request that a replica has done its part of, or turned away.</summary>
delegate void FinishedHandler(int replica, in SimulatedRequest request, long nowNs, bool served);
