using Podvirt.Access;
using Podvirt.Configuration;
using Podvirt.Core.Models;

namespace Podvirt.Hosting;

/// <summary>What a process needs for what it is to do.</summary>
internal static class ClusterRules
{
    /// <exception cref="PodvirtConfigException">Something is missing: each thing, with what would be right.</exception>
    public static void Check(PodvirtRoles roles, PodvirtConfig config, string file, Func<string, string?> environment)
    {
        var findings = new ConfigFindings(file);
        if (roles == PodvirtRoles.None)
        {
            findings.Error(1, "", "no role is named", "name some of gateway, scheduler, metering, node");
        }
        else if (config.Cluster is not { } cluster)
        {
            if (roles != PodvirtRoles.All)
            {
                findings.Error(1, "cluster", $"{PodvirtRoleNames.Format(roles)} alone is a part of a cluster, and no cluster is named", $"set {ClusterReader.NatsVariable}, or write cluster: {{ nats: {{ url: \"nats://host:4222\" }} }}");
            }
        }
        else
        {
            if (cluster.ClickHouse is null && (roles & (PodvirtRoles.Gateway | PodvirtRoles.Metering)) != PodvirtRoles.None)
            {
                findings.Error(1, "cluster.clickhouse", "is missing: who serves or meters reads and writes the ledger", $"set {ClusterReader.ClickHouseVariable}, or write clickhouse: {{ url: \"http://host:8123\" }}");
            }
            if (roles.HasFlag(PodvirtRoles.Gateway) && string.IsNullOrEmpty(environment(AdminCredential.Variable)))
            {
                findings.Error(1, "cluster", "the gateways of a cluster need one admin credential, and none is given", $"set {AdminCredential.Variable} to the same secret for all of them");
            }
            if (roles.HasFlag(PodvirtRoles.Gateway) && config.Videos.Bucket is null && config.Models.FirstOrDefault(static m => m.Type == ModelType.VideoGeneration) is { } video)
            {
                findings.Error(1, "videos.store", $"is missing: '{video.Id}' makes videos, and a job goes on at another gateway only where all of them reach its files", $"name a bucket: videos: {{ {VideosReader.StoreExample} }}");
            }
            if (cluster.Nomad is null && roles.HasFlag(PodvirtRoles.Scheduler))
            {
                findings.Error(1, "cluster.nomad", "is missing: a scheduler of a cluster runs engines as Nomad jobs", $"set {NomadReader.AddressVariable}, or write nomad: {{ address: \"http://host:4646\" }}");
            }
        }
        if (findings.HasErrors)
        {
            throw new PodvirtConfigException(findings.Errors);
        }
    }
}
