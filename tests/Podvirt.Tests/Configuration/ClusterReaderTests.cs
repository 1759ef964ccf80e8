using Podvirt.Configuration;
using Podvirt.Hosting;
using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Tests.Configuration;

public sealed class ClusterReaderTests
{
    private const string Admin = "PODVIRT_ADMIN_TOKEN";

    private const string Whole = """
        cluster:
          nats: { url: "nats://n1:4222,nats://n2:4222", lease: 4s, request_timeout: 2s, replicas: 3 }
          clickhouse: { url: "http://ch:8123", database: usage, user: writer, timeout: 20s, raw_months: 24 }
          nomad:
            address: "https://nomad:4646"
            namespace: ai
            region: eu
            datacenters: [dc1, dc2]
            node_pool: gpus
            job_prefix: pv
            placement: exclusive
            driver: docker
            engine_key: variable
            image: vllm/vllm-openai:v0.17.0
            server_name: server.eu.nomad
            connections: 8
            placement_timeout: 1m
            cpu: 500
            engine_memory: 4GiB
            simulated_gpus: /var/lib/gpus
        """;

    [Fact]
    public void NoClusterIsNamed_ItIsOneProcess() => Assert.Null(Read("").Cluster);

    [Fact]
    public void Everything_IsRead()
    {
        var cluster = Read(Whole, (NomadReader.TokenVariable, "token"), (ClusterReader.ClickHousePasswordVariable, "secret")).Cluster!;

        Assert.Equal(("nats://n1:4222,nats://n2:4222", TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(2), 3), (cluster.Nats.Url, cluster.Nats.LeasePeriod, cluster.Nats.RequestTimeout, cluster.Nats.Replicas));
        var clickHouse = cluster.ClickHouse!;
        Assert.Equal(("http://ch:8123/", "usage", "writer", "secret", 24), (clickHouse.Url.ToString(), clickHouse.Database, clickHouse.User, clickHouse.Password, clickHouse.RawMonthsKept));
        var nomad = cluster.Nomad!;
        Assert.Equal(("https://nomad:4646/", "token", "ai", "eu", "dc1 dc2", "gpus", "pv"), (nomad.Address.ToString(), nomad.Token, nomad.Namespace, nomad.Region, string.Join(' ', nomad.Datacenters), nomad.NodePool, nomad.JobPrefix));
        Assert.Equal((NomadPlacement.Exclusive, NomadDriver.Docker, "vllm/vllm-openai:v0.17.0", 500, 4L << 30, "/var/lib/gpus"), (nomad.Placement, nomad.Driver, nomad.Image, nomad.CpuMhz, nomad.EngineMemoryBytes, nomad.SimulatedGpuDirectory));
        Assert.Equal((8, TimeSpan.FromMinutes(1), "server.eu.nomad", NomadEngineKey.Variable), (nomad.ConnectionsMax, nomad.PlacementTimeout, nomad.TlsServerName, nomad.EngineKey));
    }

    [Fact]
    public void Environment_SaysTheSame_AndComesFirst()
    {
        var cluster = Read(
            """
            cluster: { nats: { url: "nats://file:4222" }, nomad: { driver: raw_exec } }
            """,
            (ClusterReader.NatsVariable, "nats://env:4222"), (ClusterReader.ClickHouseVariable, "http://env:8123"), (NomadReader.AddressVariable, "http://env:4646")).Cluster!;

        Assert.Equal(("nats://env:4222", "http://env:8123/", "http://env:4646/"), (cluster.Nats.Url, cluster.ClickHouse!.Url.ToString(), cluster.Nomad!.Address.ToString()));
        Assert.Equal(NomadDriver.RawExec, cluster.Nomad.Driver);
    }

    [Theory]
    [InlineData("cluster: { clickhouse: { url: \"http://ch:8123\" } }", "cluster: no NATS server is named; write cluster: { nats: { url: \"nats://host:4222\" } }, or set PODVIRT_NATS_URL")]
    [InlineData("cluster: { nats: { url: \"http://n:4222\" } }", "cluster.nats.url: Url is not 'nats://host:port'")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\", lease: 100ms } }", "cluster.nats.lease: ")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\" }, clickhouse: { url: ch } }", "cluster.clickhouse.url: 'ch' is not an address of ClickHouse; write one such as http://clickhouse:8123")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\" }, clickhouse: { user: x } }", "cluster.clickhouse.url: is missing")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\" }, nomad: { address: \"http://n:4646\", driver: podman } }", "cluster.nomad.driver: 'podman' is not allowed; write docker or raw_exec")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\" }, nomad: { address: \"http://n:4646\" } }", "nomad.image: the docker driver needs one")]
    [InlineData("cluster: { nats: { url: \"nats://n:4222\" }, kafka: {} }", "cluster.kafka: is not a key that exists")]
    public void WhatIsWrong_IsSaidWithWhatWouldBeRight(string yaml, string error) =>
        Assert.Contains(error, Assert.Throws<PodvirtConfigException>(() => Read(yaml)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("gateway", "", "gateway alone is a part of a cluster, and no cluster is named")]
    [InlineData("gateway", "cluster: { nats: { url: \"nats://n:4222\" } }", "cluster.clickhouse: is missing")]
    [InlineData("metering", "cluster: { nats: { url: \"nats://n:4222\" } }", "cluster.clickhouse: is missing")]
    [InlineData("scheduler", "cluster: { nats: { url: \"nats://n:4222\" } }", "cluster.nomad: is missing")]
    [InlineData("gateway", "cluster: { nats: { url: \"nats://n:4222\" }, clickhouse: { url: \"http://ch:8123\" } }", "set PODVIRT_ADMIN_TOKEN to the same secret for all of them")]
    public void RoleWithoutWhatItNeeds_IsRefused(string roles, string yaml, string error) => Assert.Contains(
        error,
        Assert.Throws<PodvirtConfigException>(() => ClusterRules.Check(PodvirtRoleNames.Parse(roles), Read(yaml), "podvirt.yaml", static _ => null)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void GatewayWithAVideoModelAndNoBucket_IsRefused()
    {
        const string Video = "  - { id: clips, type: video-generation, engine: { kind: external, url: \"http://127.0.0.1:1\" } }\n";
        const string Cluster = "cluster: { nats: { url: \"nats://n:4222\" }, clickhouse: { url: \"http://ch:8123\" }, nomad: { address: \"http://n:4646\", driver: raw_exec } }\n";
        const string Bucket = "videos: { store: { kind: s3, bucket: b, region: r, access_key_env: A, secret_key_env: B } }\n";

        var error = Assert.Throws<PodvirtConfigException>(() => Check("gateway", Video + Cluster)).Message;

        Assert.Contains("videos.store: is missing: 'clips' makes videos", error, StringComparison.Ordinal);
        Check("gateway", Video + Cluster + Bucket);
        // Those that hold no job need none.
        Check("scheduler,metering", Video + Cluster);

        static void Check(string roles, string yaml) => ClusterRules.Check(
            PodvirtRoleNames.Parse(roles), Read(yaml, ("A", "a"), ("B", "b")), "podvirt.yaml", static name => name == Admin ? "secret" : null);
    }

    [Theory]
    [InlineData("all", "")]
    [InlineData("node", "cluster: { nats: { url: \"nats://n:4222\" } }")]
    [InlineData("scheduler,node", "cluster: { nats: { url: \"nats://n:4222\" }, nomad: { address: \"http://n:4646\", driver: raw_exec } }")]
    [InlineData("gateway, metering", "cluster: { nats: { url: \"nats://n:4222\" }, clickhouse: { url: \"http://ch:8123\" } }")]
    public void RoleWithWhatItNeeds_IsTaken(string roles, string yaml) =>
        ClusterRules.Check(PodvirtRoleNames.Parse(roles), Read(yaml), "podvirt.yaml", static name => name == Admin ? "secret" : null);

    [Fact]
    public void UnknownRole_IsRefusedWithThoseThatThereAre() => Assert.Equal(
        "'proxy' is not a role; write some of gateway, scheduler, metering, node, all, separated by commas",
        Assert.Throws<FormatException>(static () => PodvirtRoleNames.Parse("gateway,proxy")).Message);

    private static PodvirtConfig Read(string more, params (string Name, string Value)[] environment) => ConfigReaderTests.Read(
        $$"""
        models:
          - id: m
            type: chat
            engine: { kind: external, url: "http://127.0.0.1:1" }
        {{more}}
        """,
        environment);
}
