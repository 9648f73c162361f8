using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;
using YamlDotNet.Serialization;

namespace Plimsoll.Tests.Tuning;

/// <summary>
/// What a Kubernetes API does with TrainJobs, on a real port: objects by YAML, names that are taken, Status
/// objects for errors, a bearer token. A job is looked at as often as it has conditions, then it has ended.
/// </summary>
sealed class KubernetesApi : IAsyncDisposable
{
    const string Jobs = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/{space}/trainjobs";

    readonly WebApplication _app;
    readonly string[] _conditions;
    readonly ConcurrentDictionary<string, int> _looks = new();

    KubernetesApi(WebApplication app, string[] conditions) => (_app, _conditions) = (app, conditions);

    public Uri Address { get; private set; } = null!;

    /// <summary>By namespace and name.</summary>
    public ConcurrentDictionary<string, Dictionary<string, object>> Objects { get; } = new();

    /// <param name="conditions">That a job has one after the other; the last stays.</param>
    public static async Task<KubernetesApi> StartAsync(string token, params string[] conditions)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var api = new KubernetesApi(app, conditions);
        app.Use((context, next) => context.Request.Headers.Authorization == $"Bearer {token}"
            ? next(context) : RefuseAsync(context, 401, "Unauthorized"));
        app.MapPost(Jobs, api.CreateAsync);
        app.MapGet(Jobs + "/{name}", api.GetAsync);
        await app.StartAsync();
        api.Address = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    async Task CreateAsync(HttpContext context)
    {
        context.Request.ContentType.ShouldStartWith("application/yaml");
        using var reader = new StreamReader(context.Request.Body);
        var job = new DeserializerBuilder().Build()
            .Deserialize<Dictionary<string, object>>(await reader.ReadToEndAsync());
        if ((string)job["apiVersion"] != "trainer.kubeflow.org/v1alpha1" || (string)job["kind"] != "TrainJob")
        {
            await RefuseAsync(context, 400, "the object is of another kind");
            return;
        }
        var name = (string)((Dictionary<object, object>)job["metadata"])["name"];
        if (!Objects.TryAdd($"{context.Request.RouteValues["space"]}/{name}", job))
        {
            await RefuseAsync(context, 409, $"trainjobs.trainer.kubeflow.org \"{name}\" already exists");
            return;
        }
        context.Response.StatusCode = 201;
        await context.Response.WriteAsJsonAsync(new JsonObject { ["kind"] = "TrainJob" });
    }

    async Task GetAsync(HttpContext context)
    {
        var key = $"{context.Request.RouteValues["space"]}/{context.Request.RouteValues["name"]}";
        if (!Objects.ContainsKey(key))
        {
            await RefuseAsync(context, 404, $"trainjobs.trainer.kubeflow.org \"{key}\" not found");
            return;
        }
        var look = _looks.AddOrUpdate(key, 0, (_, before) => before + 1);
        var conditions = _conditions.Take(look).Select(type => (JsonNode)new JsonObject
        {
            ["type"] = type,
            ["status"] = "True",
            ["message"] = $"the pods say {type}",
        });
        await context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["kind"] = "TrainJob",
            ["status"] = new JsonObject { ["conditions"] = new JsonArray([.. conditions]) },
        });
    }

    static Task RefuseAsync(HttpContext context, int code, string message)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsJsonAsync(
            new JsonObject { ["kind"] = "Status", ["status"] = "Failure", ["message"] = message });
    }
}
