using System;
using System.Collections.Generic;
using k8s;
using k8s.Models;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// The object of kubernetes-sigs/lws as its definition has it (config/crd/bases of 2026-08), which no client
/// knows by itself. Read strictly, a key that is not here is an error.
/// </summary>
sealed class LeaderWorkerSet : IKubernetesObject
{
    public static IDictionary<string, Type> Known { get; } = new Dictionary<string, Type>
    {
        ["leaderworkerset.x-k8s.io/v1/LeaderWorkerSet"] = typeof(LeaderWorkerSet),
    };

    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public LeaderWorkerSetSpec Spec { get; set; } = new();
}

sealed class LeaderWorkerSetSpec
{
    public int Replicas { get; set; }

    public LeaderWorkerTemplate LeaderWorkerTemplate { get; set; } = new();
}

sealed class LeaderWorkerTemplate
{
    public int Size { get; set; }

    public string RestartPolicy { get; set; } = "";

    public V1PodTemplateSpec LeaderTemplate { get; set; } = new();

    public V1PodTemplateSpec WorkerTemplate { get; set; } = new();
}
