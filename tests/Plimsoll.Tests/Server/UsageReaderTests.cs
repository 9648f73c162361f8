using System.Text;
using Plimsoll.Server.Gateway;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

/// <summary>What a gateway believes of the tokens that an engine says it counted.</summary>
public sealed class UsageReaderTests
{
    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":3,"completion_tokens":2}}""", 3, 0, 2)]
    [InlineData("""{"usage":{"prompt_tokens":3,"completion_tokens":2}} and more""", 3, 0, 2)]
    [InlineData("""{"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":2}}}""", 3, 2, 0)]
    [InlineData("""{"usage":{"prompt_tokens_details":{"cached_tokens":9},"prompt_tokens":3}}""", 3, 3, 0)]
    [InlineData("""{"usage":{"prompt_tokens":3,"prompt_tokens_details":null}}""", 3, 0, 0)]
    [InlineData("""{"usage":{"input_tokens":4,"output_tokens":1,"prompt_tokens":9,"completion_tokens":9}}""", 4, 0, 1)]
    [InlineData("""{"usage":{"input_tokens":4,"input_tokens_details":{"cached_tokens":1}}}""", 4, 1, 0)]
    [InlineData("""{"usage":{"prompt_tokens":1},"response":{"id":"r","usage":{"input_tokens":4}}}""", 4, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":-3,"completion_tokens":"2"}}""", 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":99999999999,"completion_tokens":{"a":[1]}}}""", 0, 0, 0)]
    [InlineData("""{"choices":[{"usage":{"prompt_tokens":7}}],"us\u0061ge":{"prompt_tokens":5}}""", 5, 0, 0)]
    public void Tokens_are_read(string json, int prompt, int cached, int output)
    {
        UsageReader.TryRead(Encoding.UTF8.GetBytes(json), out var usage, out _).ShouldBeTrue();
        usage.ShouldBe(new UpstreamUsage(prompt, cached, output));
    }

    [Theory]
    [InlineData("""{"id":"c"}""", true)]
    [InlineData("""{"usage":null}""", true)]
    [InlineData("""{"usage":{"prompt_tokens":3},"response":null}""", true)]
    [InlineData("""{"id":"c"} {}""", false)]
    [InlineData("""{"id":"c","usage":{"prompt_tokens":3}""", false)]
    [InlineData("""{"id":"c",""", false)]
    [InlineData("""[{"usage":{"prompt_tokens":3}}]""", false)]
    [InlineData("\"usage\"", false)]
    [InlineData("", false)]
    public void There_are_none(string json, bool isObject)
    {
        UsageReader.TryRead(Encoding.UTF8.GetBytes(json), out _, out var found).ShouldBeFalse();
        found.ShouldBe(isObject);
    }
}
