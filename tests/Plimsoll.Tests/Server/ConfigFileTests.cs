using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class ConfigFileTests
{
    const string Small = "models:\n  - name: m\n    simulated:\n      gpu: h100_sxm\n";

    static ServeConfig Read(string yaml, params (string, string)[] environment)
    {
        var variables = new Dictionary<string, string>();
        foreach (var (name, value) in environment)
            variables[name] = value;
        var config = ConfigFile.Parse(yaml, "c.yaml", variables.GetValueOrDefault);
        ConfigCheck.Check(config, "c.yaml");
        return config;
    }

    const string Fleet = Small + "  - name: u\n    upstreams: [{url: \"http://h:1\"}]\n";
    const string Refusal = Fleet
        + "  - name: c\n    cascade: {first: m, then: u, escalate_when: {refusal: ";

    [Fact]
    public void Variables_are_the_environments()
    {
        var config =
            Read(Small + "release: ${RELEASE:-none}\nledger: ${LEDGER:-sqlite}\n", ("RELEASE", "r7"));
        config.Release.ShouldBe("r7");
        config.Ledger.ShouldBe("sqlite");
        config.Models[0].Simulated!.Gpu.ShouldBe("h100_sxm");
    }

    [Theory]
    [InlineData(Small + "colour: blue\n", "line 5", "colour")]
    [InlineData("models:\n  - name: m\n    simulated:\n      gpus: x\n", "line 4", "gpus")]
    [InlineData(Small + "release: ${NOWHERE}\n", "line 5", "NOWHERE")]
    [InlineData(Small + "release: ${\n", "line 5", "${VAR:-default}")]
    [InlineData("models: []\n", "models", "at least one")]
    [InlineData(Small + "listen: [\"http://0.0.0.0:80\"]\n", "open beyond this machine", "--new-key")]
    [InlineData(Small + "listen: [\"ftp://x\"]\n", "ftp://x", "http://HOST:PORT")]
    [InlineData(Small + "listen: [\"https://127.0.0.1:1\"]\n", "tls", "certificate")]
    [InlineData(Small + "levels:\n  fast: {ttft: soon}\n", "fast", "500ms")]
    [InlineData(Small + "levels:\n  fast: {ttft: 1s, window: 2h}\n", "fast", "not both")]
    [InlineData("models:\n  - name: m\n", "m", "simulated, llama, upstreams and cascade")]
    [InlineData(Small + "log: {default: loud}\n", "loud", "warning")]
    [InlineData(Small + "telemetry: {otlp_endpoint: here}\n", "here", "http://HOST:4318")]
    [InlineData(Small + "telemetry: {trace_share: 2}\n", "trace_share 2", "0 to 1")]
    [InlineData(Small + "  - name: c\n    cascade: {first: m, then: m}\n", "are one", "two models")]
    [InlineData(Small + "  - name: c\n    cascade: {first: m, then: x}\n", "then x", "model of this file")]
    [InlineData(Fleet + "    fallback: u\n", "come back to u", "an end")]
    [InlineData(Fleet + "    fallback: x\n", "fallback x", "no cascade")]
    [InlineData(Refusal + "\"(\"}}\n", "refusal", "(")]
    [InlineData(Refusal + "\"(?=x)\"}}\n", "refusal", "NonBacktracking")]
    [InlineData("models:\n  - name: m\n    upstreams: [{url: nothing}]\n", "nothing", "http://HOST:PORT")]
    [InlineData(Small + "  - name: m\n    simulated: {}\n", "twice", "once")]
    [InlineData(Small + "keys: [{tenant: a}]\n", "key", "--new-key")]
    [InlineData(Small + "limits: {drain: later}\n", "drain", "500ms")]
    [InlineData("a: [", "line 1", "c.yaml")]
    public void What_is_wrong_is_said_in_one_line(string yaml, string what, string expected)
    {
        var message = Should.Throw<BadInputException>(() => Read(yaml)).Message;
        message.ShouldContain(what);
        message.ShouldContain(expected);
        message.ShouldNotContain("\n");
    }
}
