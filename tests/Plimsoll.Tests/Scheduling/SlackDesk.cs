using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// A scheduler in slack whose steps take one millisecond and ten microseconds a token, and so much more for a
/// token of KV that decodes read, which is nothing unless said otherwise: everything it decides can be worked
/// out by hand. Nothing here decides; it only passes time.
/// </summary>
sealed class SlackDesk
{
    public const long Ms = 1_000_000;

    readonly List<RequestOutcome> _ended = [];

    public SlackDesk(
        IReadOnlyList<ServiceLevelSpec> levels, SlackOptions? slack = null, int seqs = 64, int tokens = 512,
        int blocks = 10_000, double contextNs = 0)
    {
        Predictor = new StepPredictor(
            new LinearStepTimes([(0, Ms), (100, 2 * Ms)], contextNs, 0), margin: 0);
        Scheduler = new Scheduler(
            new SchedulerOptions
            {
                Policy = SchedulingPolicy.InSlack with { Slack = Until(slack ?? new SlackOptions()) },
                Levels = levels,
                MaxNumSeqs = seqs,
                MaxNumBatchedTokens = tokens,
                NumBlocks = blocks,
                BlockSize = 16,
            },
            Predictor);
    }

    /// <summary>Batch work fills steps until tokens are due, unless a test says otherwise.</summary>
    static SlackOptions Until(SlackOptions slack) =>
        slack with { BatchStepNs = slack.BatchStepNs ?? long.MaxValue };

    public Scheduler Scheduler { get; }

    public StepPredictor Predictor { get; }

    public long NowNs { get; private set; }

    /// <summary>What a step of so many tokens takes.</summary>
    public static long StepNs(int tokens) => Ms + 10_000L * tokens;

    public RequestId Add(int level, int prompt, int output = 500) => Ask(level, prompt, output).Request;

    public Verdict Ask(int level, int prompt, int output = 500) =>
        Scheduler.Add(
            new RequestSpec { PromptTokens = prompt, MaxOutputTokens = output, Level = level }, NowNs);

    public Verdict Ask(RequestSpec request) => Scheduler.Add(request, NowNs);

    public StepPlan Plan() => Scheduler.Plan(NowNs);

    public void Pass(long ns) => NowNs += ns;

    /// <summary>The request's answer ends with the next step.</summary>
    public void End(RequestId request) =>
        _ended.Add(new RequestOutcome { Request = request, Finished = true });

    public void Accept(RequestId request, int drafts) =>
        _ended.Add(new RequestOutcome { Request = request, AcceptedDrafts = drafts });

    /// <summary>The step ends after so long.</summary>
    public void Commit(long ns)
    {
        Pass(ns);
        Scheduler.Commit(new StepOutcome(_ended.ToArray()) { DurationNs = ns }, NowNs);
        _ended.Clear();
    }

    /// <summary>Plans and commits one step, which takes as long as predicted.</summary>
    public void Step()
    {
        var plan = Plan();
        Commit(StepNs(plan.Shape.Tokens));
    }

    /// <summary>Requests that decode already: their prompts are computed together, in one step.</summary>
    public RequestId[] Decoding(int level, int count, int prompt = 1)
    {
        var requests = Enumerable.Range(0, count).Select(_ => Add(level, prompt, 50)).ToArray();
        Step();
        return requests;
    }

    public RequestId[] Decodes()
    {
        var into = new RequestId[1000];
        return into[..Scheduler.ListDecodes(into)];
    }
}
