using CsCheck;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>
/// What slack promises, where steps may mix adapters and where they take turns, under an executor whose steps
/// take what was predicted and which else does what it likes.
/// </summary>
public sealed class SlackPromiseLaws
{
    [Fact]
    public void Whoever_is_taken_in_has_its_first_token_in_time() =>
        SlackPromises.Rejecting.Sample(each => { SlackPromises.FirstTokensAreInTime(each); }, iter: 300);

    [Fact]
    public void Every_gap_is_within_its_limit() =>
        SlackPromises.TwoLevels.Sample(each => { SlackPromises.GapsAreKept(each); }, iter: 300);

    [Fact]
    public void Batch_work_only_lengthens_steps_and_only_until_tokens_are_due() =>
        SlackPromises.TwoLevels.Sample(
            each => { SlackPromises.BatchWorkOnlyLengthensSteps(each); }, iter: 300);

    [Fact]
    public void Batch_work_displaces_nothing() =>
        SlackPromises.TwoLevels.Sample(each => { SlackPromises.BatchWorkDisplacesNothing(each); }, iter: 200);

    [Fact]
    public void Nor_does_it_where_memory_and_seats_are_short() =>
        SlackPromises.Crowded.Sample(each => { SlackPromises.BatchWorkDisplacesNothing(each); }, iter: 200);

    [Fact]
    public void A_promised_share_is_had_in_every_stretch_of_time() =>
        SlackPromises.Sharing.Sample(each => { SlackPromises.ShareIsKept(each); }, iter: 200);
}
