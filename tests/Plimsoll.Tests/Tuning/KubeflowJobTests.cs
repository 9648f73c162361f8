using System.Collections.Generic;
using System.Linq;
using System.Net.Http;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Drivers;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class KubeflowJobTests
{
    const string Token = "t0ken";

    static readonly TrainingSpec _spec = new TrainingSpec
    {
        Method = TrainingMethod.Sft,
        BaseHash = "b",
        DatasetHash = "d",
        TokenizerHash = "t",
        TemplateHash = "c",
        SequenceTokens = 128,
        BatchTokens = 512,
        Epochs = 1,
        LearningRate = 1e-3,
    };

    [Fact]
    public async Task A_spec_becomes_one_object_that_is_waited_for_and_found_again()
    {
        await using var cluster = await KubernetesApi.StartAsync(Token, "Created", "Complete");
        var name = $"plimsoll-{_spec.Hash[..12]}";
        (await RunAsync(cluster, "team"))
            .ShouldBe([$"trainjob {name}: Created", $"trainjob {name}: Complete"]);
        var (key, job) = cluster.Objects.Single();
        key.ShouldBe($"team/{name}");
        var metadata = (Dictionary<object, object>)job["metadata"];
        ((Dictionary<object, object>)metadata["annotations"])["plimsoll.dev/spec-sha256"]
            .ShouldBe(_spec.Hash);
        (await RunAsync(cluster, "team"))[0].ShouldContain("is there already");
        cluster.Objects.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_job_that_fails_is_said_in_the_clusters_words()
    {
        await using var cluster = await KubernetesApi.StartAsync(Token, "Failed");
        var bad = await Should.ThrowAsync<BadInputException>(() => RunAsync(cluster, "team"));
        bad.Message.ShouldContain("failed: the pods say Failed");
    }

    [Fact]
    public async Task What_the_cluster_refuses_is_one_line()
    {
        await using var cluster = await KubernetesApi.StartAsync("another");
        var bad = await Should.ThrowAsync<BadInputException>(() => RunAsync(cluster, "team"));
        bad.Message.ShouldContain("Unauthorized; expected a Kubernetes API");
        var address = cluster.Address;
        await cluster.DisposeAsync();
        using var client = new HttpClient { BaseAddress = address };
        bad = await Should.ThrowAsync<BadInputException>(() => new KubeflowJob(client, "team", _ => { })
            .RunAsync(_spec, TestContext.Current.CancellationToken));
        bad.Message.ShouldContain("refused");
        bad.Message.ShouldNotContain("\n");
    }

    static async Task<List<string>> RunAsync(KubernetesApi cluster, string space)
    {
        using var client = new HttpClient { BaseAddress = cluster.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        var story = new List<string>();
        await new KubeflowJob(client, space, story.Add)
            .RunAsync(_spec, TestContext.Current.CancellationToken);
        return story;
    }
}
