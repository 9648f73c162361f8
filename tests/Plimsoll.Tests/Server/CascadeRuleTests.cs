using System.Text.Json;
using Plimsoll.Server.Cascade;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class CascadeRuleTests
{
    const string Asked = """{"model":"m"}""";
    const string WithLimit = """{"model":"m","max_tokens":9}""";
    const string AsksJson = """{"model":"m","response_format":{"type":"json_object"}}""";

    [Theory]
    [InlineData(Asked, """{"choices":[{"message":{"content":"Paris."},"finish_reason":"stop"}]}""", null)]
    [InlineData(Asked, """{"choices":[{"message":{"content":"I'm sorry, but no."},"finish_reason":"stop"}]}""", "refused")]
    [InlineData(Asked, """{"choices":[{"message":{"content":"I cannot help with that."},"finish_reason":"stop"}]}""", "refused")]
    [InlineData(Asked, """{"choices":[{"message":{"content":"He said: I cannot."},"finish_reason":"stop"}]}""", null)]
    [InlineData(Asked, """{"choices":[{"message":{"content":"","refusal":"no"},"finish_reason":"stop"}]}""", "refused")]
    [InlineData(Asked, """{"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]}""", "refused")]
    [InlineData(Asked, """{"choices":[{"message":{"content":"and so"},"finish_reason":"length"}]}""", "cut")]
    [InlineData(WithLimit, """{"choices":[{"message":{"content":"and so"},"finish_reason":"length"}]}""", null)]
    [InlineData(Asked, """{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}""", "empty")]
    [InlineData(Asked, """{"choices":[{"message":{"content":null,"tool_calls":[{}]},"finish_reason":"tool_calls"}]}""", null)]
    [InlineData(AsksJson, """{"choices":[{"message":{"content":"{\"a\":1}"},"finish_reason":"stop"}]}""", null)]
    [InlineData(AsksJson, """{"choices":[{"message":{"content":"Sure: {"},"finish_reason":"stop"}]}""", "not_json")]
    [InlineData(Asked, """{"choices":[{"text":"Paris.","finish_reason":"stop"}]}""", null)]
    [InlineData(Asked, """{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"I can't"},"finish_reason":"stop"}]}""", "refused")]
    [InlineData(Asked, """{"choices":[]}""", "no_answer")]
    [InlineData(Asked, """{"choices":7}""", "no_answer")]
    [InlineData(Asked, """[1]""", "no_answer")]
    public void An_answer_will_do_or_the_reason_is_named(string request, string answer, string? reason) =>
        Judge(new(), request, answer).ShouldBe(reason);

    [Theory]
    [InlineData("""{"content":[{"logprob":-0.1},{"logprob":-0.3}]}""", null)]
    [InlineData("""{"content":[{"logprob":-0.1},{"logprob":-1.3}]}""", "unsure")]
    [InlineData("""{"token_logprobs":[-0.1,-0.2]}""", null)]
    [InlineData("""{"token_logprobs":[-0.1,-2.2]}""", "unsure")]
    [InlineData("""{"content":[]}""", "unsure")]
    [InlineData("null", "unsure")]
    public void Confidence_is_the_mean_of_the_tokens_and_unknown_is_none(string logprobs, string? reason) =>
        Judge(new() { MeanLogprobBelow = -0.5 }, Asked,
            $$$"""{"choices":[{"message":{"content":"x"},"finish_reason":"stop","logprobs":{{{logprobs}}}}]}""")
            .ShouldBe(reason);

    /// <summary>A pattern that elsewhere takes time that doubles with every letter.</summary>
    [Fact]
    public void No_pattern_takes_for_ever() =>
        Judge(new() { Refusal = "^(a|aa)+$" }, Asked,
            $$"""{"choices":[{"message":{"content":"{{new string('a', 5000)}}!"},"finish_reason":"stop"}]}""")
            .ShouldBeNull();

    static string? Judge(EscalationConfig rule, string request, string answer)
    {
        using var asked = JsonDocument.Parse(request);
        using var given = JsonDocument.Parse(answer);
        return new CascadeRule(rule).WhyNot(asked.RootElement, given.RootElement);
    }
}
