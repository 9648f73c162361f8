using Plimsoll.Planning.Accounts;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

public sealed class AccountNotesTests
{
    /// <summary>Kernel tables of one card stand together; what is no such table stands as it is.</summary>
    [Theory]
    [InlineData("h100__gemm_perf, h100__attention_perf", "h100: gemm, attention")]
    [InlineData("h100__gemm_perf, h200__gemm_perf, h200__moe_perf", "h100: gemm; h200: gemm, moe")]
    [InlineData("datasheet, datasheet", "datasheet; datasheet")]
    [InlineData("a__gemm_perf, b, a__moe_perf", "a: gemm; b; a: moe")]
    public void Sources_of_one_card_are_named_together(string sources, string named) =>
        AccountNotes.Grouped(sources.Split(", ")).ShouldBe(named);
}
