using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>What a step computes, counted by hand.</summary>
public sealed class StepShapeTests
{
    [Theory]
    [InlineData(5, 3, 6 + 7 + 8)]
    [InlineData(0, 4, 1 + 2 + 3 + 4)]
    [InlineData(9, 1, 10)]
    public void Each_token_of_a_chunk_attends_to_all_before_it_and_itself(int start, int tokens, long pairs)
    {
        var shape = default(StepShape);
        shape.AddChunk(start, tokens, endsPrompt: true);
        shape.PrefillPairs.ShouldBe(pairs);
        shape.PrefillContextTokens.ShouldBe(start + tokens);
    }

    [Fact]
    public void A_prompt_has_the_same_pairs_however_it_is_cut()
    {
        var (whole, cut) = (default(StepShape), default(StepShape));
        whole.AddChunk(0, 8, endsPrompt: true);
        cut.AddChunk(0, 5, endsPrompt: false);
        cut.AddChunk(5, 3, endsPrompt: true);
        cut.PrefillPairs.ShouldBe(whole.PrefillPairs);
        (cut.PrefillChunks, cut.LogitRows).ShouldBe((2, 1));
    }

    [Fact]
    public void A_chunk_that_is_taken_out_leaves_what_was_there()
    {
        var shape = default(StepShape);
        shape.AddDecodes(2, 40);
        var before = shape;
        shape.AddChunk(5, 3, endsPrompt: true);
        shape.RemoveChunk(5, 3, endsPrompt: true);
        shape.ShouldBe(before);
    }
}
