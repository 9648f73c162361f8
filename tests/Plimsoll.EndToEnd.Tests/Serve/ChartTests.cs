using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;
using YamlDotNet.Serialization;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// The chart in <c>deploy/chart</c>, rendered by the few words of the template language that it uses, read by
/// the types that are generated from the cluster's own schemas.
/// </summary>
public sealed partial class ChartTests
{
    [Fact]
    public void As_it_comes_it_is_one_process_with_a_disk()
    {
        var objects = Render(_ => { });
        objects.Select(one => one.GetType().Name).Order().ShouldBe(
            ["V1ConfigMap", "V1Deployment", "V1NetworkPolicy", "V1PersistentVolumeClaim", "V1Service"]);
        var deployment = objects.OfType<V1Deployment>().Single();
        deployment.Spec.Replicas.ShouldBe(1);
        var container = deployment.Spec.Template.Spec.Containers.Single();
        container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true);
        container.Resources.Requests["memory"].ToString().ShouldBe("512Mi");
        objects.OfType<V1Service>().Single().Spec.Selector.ShouldBe(deployment.Spec.Selector.MatchLabels);
        objects.OfType<V1NetworkPolicy>().Single().Spec.Egress.Single().Ports.Count.ShouldBe(5);
        // What the pod reads is a configuration.
        var text = objects.OfType<V1ConfigMap>().Single().Data["plimsoll.yaml"];
        var (_, id, hash) = KeyHash.Create();
        var config = ConfigFile.Parse(
            text, "chart", name => name == "KEY_ID" ? id : name == "KEY_HASH" ? hash : null);
        ConfigCheck.Check(config, "chart");
    }

    [Fact]
    public void With_a_shared_ledger_it_scales()
    {
        var objects = Render(values =>
        {
            values["shared"] = true;
            ((Dictionary<object, object>)values["scaling"])["hpa"] = true;
        });
        IsOneFolderOfAll(objects);
        objects.OfType<V2HorizontalPodAutoscaler>().Single().Spec.Metrics.Single().Pods.Metric.Name
            .ShouldBe("plimsoll_requests_in_flight");
    }

    /// <summary>What one gateway takes in another may have to read; a pod's own disk goes with it.</summary>
    internal static void IsOneFolderOfAll(List<object> objects)
    {
        var deployment = objects.OfType<V1Deployment>().Single().Spec;
        deployment.Replicas.ShouldBe(2);
        var claim = objects.OfType<V1PersistentVolumeClaim>().Single();
        claim.Spec.AccessModes.ShouldBe(["ReadWriteMany"]);
        deployment.Template.Spec.Volumes.Single(volume => volume.Name == "state")
            .PersistentVolumeClaim.ClaimName.ShouldBe(claim.Metadata.Name);
    }

    [Fact]
    public void Keda_asks_prometheus_for_a_metric_that_the_server_has()
    {
        var text = string.Join("\n---\n", Texts(values =>
            ((Dictionary<object, object>)values["scaling"])["keda"] = true));
        var scaled = text.Split("---").Single(one => one.Contains("kind: ScaledObject"));
        var read = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(scaled);
        read["apiVersion"].ShouldBe("keda.sh/v1alpha1");
        scaled.ShouldContain("sum(plimsoll_requests_in_flight)");
        scaled.ShouldContain("serverAddress: \"http://prometheus");
    }

    static List<object> Render(Action<Dictionary<object, object>> change) =>
        [.. Texts(change).SelectMany(text => KubernetesYaml.LoadAllFromString(text, strict: true))];

    static IEnumerable<string> Texts(Action<Dictionary<object, object>> change)
    {
        var folder = Chart();
        var values = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build()
            .Deserialize<Dictionary<object, object>>(File.ReadAllText(Path.Combine(folder, "values.yaml")));
        change(values);
        var root = new Dictionary<object, object>
        {
            ["Values"] = values,
            ["Release"] = new Dictionary<object, object> { ["Name"] = "edge" },
        };
        foreach (var file in Directory.GetFiles(Path.Combine(folder, "templates")).Order())
        {
            var text = Expand(File.ReadAllText(file), root);
            text.ShouldNotContain("{{");
            if (text.Trim().Length > 0)
                yield return text;
        }
    }

    /// <summary>if, if not, else, range and values with toJson or quote; anything else stays and
    /// fails.</summary>
    static string Expand(string text, Dictionary<object, object> root)
    {
        text = Block().Replace(text, match =>
        {
            var (verb, path) = (match.Groups[1].Value, match.Groups[2].Value);
            var halves = match.Groups[3].Value.Split("\n{{- else }}");
            if (verb == "range")
            {
                return string.Concat(((IEnumerable<object>)Find(root, path)).Select(
                    one => halves[0].Replace("{{ . }}", one.ToString())));
            }
            var holds = Find(root, path) is true;
            return holds == (verb == "if") ? halves[0] : halves.Length > 1 ? halves[1] : "";
        });
        return Value().Replace(text, match =>
        {
            var value = Find(root, match.Groups[1].Value);
            return match.Groups[2].Value switch
            {
                "toJson" => JsonSerializer.Serialize(Plain(value)),
                "quote" => JsonSerializer.Serialize(value.ToString()),
                _ => value.ToString()!,
            };
        });
    }

    static object Find(object at, string path)
    {
        foreach (var name in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
            at = ((Dictionary<object, object>)at)[name];
        return at;
    }

    static object Plain(object value) => value is Dictionary<object, object> map
        ? map.ToDictionary(entry => entry.Key.ToString()!, entry => Plain(entry.Value)) : value;

    static string Chart([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../deploy/chart"));

    [GeneratedRegex(
        @"\n?\{\{- (if|if not|range) (\.[\w.]+) \}\}(.*?)\n\{\{- end \}\}", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\{\{ (\.[\w.]+)(?: \| (\w+))? \}\}")]
    private static partial Regex Value();
}
