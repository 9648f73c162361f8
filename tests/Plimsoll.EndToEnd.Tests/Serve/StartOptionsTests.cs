using System.IO;
using Plimsoll.Engine.Placeholder;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What cannot be served is said at the start, in one line, and nothing hangs.</summary>
public sealed class StartOptionsTests
{
    [Theory]
    [InlineData("--kv-tokens 2147483647", "expected at most")]
    [InlineData("--kv-tokens 1", "kv_tokens 1: expected at least 16, one block")]
    [InlineData("--max-model-len 0", "max_model_len 0: expected at least 1")]
    [InlineData("--threads 0", "threads 0: expected at least 1")]
    [InlineData("--core 99999", "core 99999: this process may not run there; expected one of 0")]
    [InlineData("--num-gpu-blocks 9", "--num-gpu-blocks: means nothing to a model that is computed")]
    [InlineData("--replicas 1", "--replicas: means nothing to a model that is computed")]
    public void A_file_is_not_computed_under_options_that_make_no_sense(string options, string problem)
    {
        using var folder = new TemporaryFolder();
        var model = Path.Combine(folder.Path, "model.gguf");
        // As much KV as a real model's, so that the most tokens that an option can name fit nowhere.
        PlaceholderModel.Make(new(Embedding: 256, Layers: 16, Context: 512, Merges: 50), seed: 3).Save(model);
        var result = PlimsollProcess.Run([
            "serve", "--model", model, "--port", "0", "--state", Path.Combine(folder.Path, "state"),
            .. options.Split(' ')]);
        result.ExitCode.ShouldBe(2);
        result.Story.ShouldContain(problem);
    }

    [Theory]
    [InlineData("--kv-tokens 4096", "--kv-tokens")]
    [InlineData("--speculate", "--speculate")]
    [InlineData("--core 0", "--core")]
    public void Options_of_computing_mean_nothing_to_a_simulated_model(string options, string name)
    {
        using var folder = new TemporaryFolder();
        var result = PlimsollProcess.Run([
            "serve", "--model", "llama-3.1-8b", "--port", "0", "--state", folder.Path,
            .. options.Split(' ')]);
        result.ExitCode.ShouldBe(2);
        result.Story.ShouldContain($"{name}: means nothing to a simulated model");
    }
}
