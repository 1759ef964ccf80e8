using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

public sealed class NomadOptionsTests
{
    [Fact]
    public void Defaults_LackNothingButAnImage() => Assert.Equal(
        ["nomad.image: the docker driver needs one, for example vllm/vllm-openai:v0.17.0"], new NomadOptions().Problems());

    [Fact]
    public void EverythingThatIsWrong_IsToldAtOnce_ByItsKey()
    {
        var options = new NomadOptions
        {
            Address = new Uri("ftp://nomad"),
            Driver = NomadDriver.RawExec,
            Namespace = "",
            Datacenters = [],
            JobPrefix = "a/b",
            CertFile = "/none",
            ConnectionsMax = 1000,
            WaitMax = TimeSpan.FromMinutes(5),
            Attempts = 0,
        };
        Assert.Equal(
            ["nomad.address", "nomad.namespace", "nomad.datacenters", "nomad.job_prefix", "nomad.cert_file and nomad.key_file", "nomad.cert_file", "nomad.connections", "nomad.attempts", "nomad.wait"],
            options.Problems().Select(problem => problem.Split(':')[0]));
    }
}
