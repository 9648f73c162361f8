using System.Linq;
using CsCheck;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>What slack promises, under an executor whose steps take exactly what was predicted.</summary>
public sealed class SlackPromiseLaws
{
    const long TtftNs = 300_000;
    const long ItlNs = 60_000;

    static readonly LinearStepTimes Times = new([(0, 10_000), (64, 15_000), (512, 60_000)], 2, 0.5);

    static readonly SchedulerOptions Options = new()
    {
        MaxNumSeqs = 64,
        MaxNumBatchedTokens = 512,
        NumBlocks = 100_000,
        Levels =
        [
            new() { Name = "chat", TtftNs = TtftNs, ItlNs = ItlNs, Overload = Overload.Reject },
            new() { Name = "hurried", TtftNs = TtftNs / 2, ItlNs = ItlNs / 2, Overload = Overload.Reject },
            new() { Name = "batch", Class = ServiceClass.Batch },
        ],
        Policy = SchedulingPolicy.InSlack,
    };

    static Gen<Coming[]> Requests(int levels, int most) =>
        (from at in Gen.Long[0, 3_000_000]
         from level in Gen.Int[0, levels - 1]
         from prompt in Gen.Int[1, 700]
         from output in Gen.Int[1, 60]
         select new Coming(at, level, prompt, output)).Array[1, most];

    /// <summary>
    /// As long as every arrival is judged like this one, blocks and seats suffice, and nobody else's share is
    /// promised. Where nobody decodes a step may last as long as where somebody does.
    /// </summary>
    [Fact]
    public void Whoever_is_taken_in_has_its_first_token_in_time()
    {
        var options = Options with
        {
            Levels = [Options.Levels[0], Options.Levels[2]],
            Policy = SchedulingPolicy.InSlack with { Slack = new SlackOptions { IdleStepNs = ItlNs } },
        };
        Requests(levels: 2, most: 90).Sample(
            requests =>
            {
                foreach (var answer in new PunctualRun(options, Times, requests).ToTheEnd().Answers)
                {
                    if (answer.Request.Level == 0 && answer.Verdict.IsTaken)
                        (answer.TokensNs[0] - answer.Request.AtNs).ShouldBeLessThanOrEqualTo(TtftNs);
                }
            }, iter: 300);
    }

    /// <summary>
    /// The mandatory set fits where the decodes of each plan leave time for the least chunk that a prompt
    /// gets regardless, however deep in it.
    /// </summary>
    [Fact]
    public void Every_gap_is_within_its_limit() =>
        Requests(levels: 3, most: 90).Sample(
            requests =>
            {
                var fits = true;
                var run = new PunctualRun(Options, Times, requests)
                {
                    OnPlan = plan =>
                    {
                        var mandatory = new StepShape();
                        mandatory.AddDecodes(plan.Shape.Decodes, plan.Shape.DecodeContextTokens);
                        mandatory.AddChunk(636, 64, endsPrompt: true);
                        fits &= Times.PredictNs(mandatory) <= ItlNs / 2;
                    },
                };
                foreach (var answer in run.ToTheEnd().Answers)
                {
                    var itlNs = fits ? Options.Levels[answer.Request.Level].ItlNs : null;
                    foreach (var (last, next) in answer.TokensNs.Zip(answer.TokensNs.Skip(1)))
                        (next - last).ShouldBeLessThanOrEqualTo(itlNs ?? long.MaxValue);
                }
            }, iter: 300);
}
