using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>
/// A TrainJob in a cluster: created through the Kubernetes API and waited for. Its name is its spec's, so the
/// same spec asked for again is the job that is there.
/// </summary>
/// <param name="client">Its base address is the API server's, or that of <c>kubectl proxy</c>.</param>
public sealed class KubeflowJob(HttpClient client, string inNamespace, Action<string> story)
{
    static readonly TimeSpan _between = TimeSpan.FromSeconds(1);

    readonly string _jobs = $"apis/trainer.kubeflow.org/v1alpha1/namespaces/{inNamespace}/trainjobs";

    /// <exception cref="BadInputException">The cluster refuses, or the job fails, in its words.</exception>
    public async Task RunAsync(TrainingSpec spec, CancellationToken cancellation)
    {
        var name = ClusterFiles.TrainJobName(spec);
        if (await CallAsync(HttpMethod.Post, _jobs, ClusterFiles.TrainJob(spec), cancellation)
            .ConfigureAwait(false) is null)
        {
            story($"trainjob {name} is there already");
        }
        var said = "";
        while (true)
        {
            var job = await CallAsync(HttpMethod.Get, $"{_jobs}/{name}", null, cancellation)
                .ConfigureAwait(false);
            var now = Condition(job!) ?? ("Created", "");
            if (now.Type != said)
                story($"trainjob {name}: {said = now.Type}");
            if (now.Type == "Complete")
                return;
            if (now.Type == "Failed")
                throw new BadInputException($"{client.BaseAddress}: trainjob {name} failed: {now.Message}");
            await Task.Delay(_between, cancellation).ConfigureAwait(false);
        }
    }

    // The one that ends it, or the newest that holds.
    static (string Type, string Message)? Condition(JsonObject job)
    {
        var held = (job["status"]?["conditions"] as JsonArray ?? [])
            .Where(c => c?["status"]?.ToString() == "True")
            .Select(c => (c!["type"]?.ToString() ?? "", c["message"]?.ToString() ?? "no reason given"))
            .ToList();
        var end = held.FindIndex(c => c.Item1 is "Complete" or "Failed");
        return held.Count == 0 ? null : held[end < 0 ? ^1 : end];
    }

    /// <returns>Null where the object is there already.</returns>
    async Task<JsonObject?> CallAsync(HttpMethod method, string path, string? yaml,
        CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            if (yaml is not null)
                request.Content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
            using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Conflict)
                return null;
            var answer = text.StartsWith('{') ? JsonNode.Parse(text) as JsonObject : null;
            return response.IsSuccessStatusCode && answer is not null ? answer : throw new BadInputException(
                $"{client.BaseAddress}{path}: {answer?["message"] ?? (int)response.StatusCode}; expected a "
                    + "Kubernetes API with the Kubeflow Trainer");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new BadInputException(
                $"{client.BaseAddress}{path}: {e.Message.TrimEnd('.')}; expected a Kubernetes API");
        }
    }
}
