using Podvirt.Configuration;
using Podvirt.Core.Projects;

namespace Podvirt.Tests.Configuration;

public sealed class PlanReaderTests
{
    private const string Models = """
        gpus: { simulated: { count: 1, type: H100, memory: 80GiB } }
        limits: { reserve_prompt: 100, reserve_completion: 50 }
        models:
          - { id: big, type: chat, engine: { kind: simulated }, gpu: { memory: 20GiB } }
          - { id: org/small, type: chat, engine: { kind: simulated }, gpu: { memory: 20GiB } }

        """;

    [Fact]
    public void EveryKeyOfAPlan_IsRead()
    {
        var config = Read("""
            plans:
              - id: free
                tokens_per_month: { default: 1000, big: 0, org/small: 5 }
                video_seconds_per_month: 60
                requests_per_minute: 10
                tokens_per_minute: 2000
              - id: team
            """);
        Assert.Equal(["free", "team"], config.Plans.Select(p => p.Id));
        var free = config.Plans[0];
        Assert.Equal((0L, 5L, 1000L), (free.TokensPerMonth.Of("big"), free.TokensPerMonth.Of("org/small"), free.TokensPerMonth.Of("other")));
        Assert.Equal((60L, 10, 2000), (free.VideoSecondsPerMonth.Of("big"), free.RequestsPerMinute, free.TokensPerMinute));
        Assert.Equal(new Plan { Id = "team" }, config.Plans[1]);
        Assert.Equal((100, 50), (config.Limits.ReservePrompt, config.Limits.ReserveCompletion));
    }

    [Fact]
    public void EverythingWrong_IsReportedAtOnce()
    {
        var error = Assert.Throws<PodvirtConfigException>(() => Read("""
            plans:
              - id: unlimited
              - id: "no spaces"
                tokens_per_month: { default: -1, bigg: 5, big: many }
              - id: free
                requests_per_minute: 0
                video_seconds_per_month: [1]
                token_per_minute: 5
              - id: free
            """));
        foreach (var expected in new[]
        {
            "podvirt.yaml:7: plans[0].id: 'unlimited' is what",
            "podvirt.yaml:8: plans[1].id: 'no spaces' is not allowed",
            "podvirt.yaml:9: plans[1].tokens_per_month.default: '-1' is not allowed",
            "podvirt.yaml:9: plans[1].tokens_per_month.bigg: is no model of this file; did you mean 'big'?",
            "podvirt.yaml:9: plans[1].tokens_per_month.big: 'many' is not allowed",
            "podvirt.yaml:11: plans[2].requests_per_minute: '0' is not allowed",
            "podvirt.yaml:12: plans[2].video_seconds_per_month: is a list",
            "podvirt.yaml:13: plans[2].token_per_minute: is not a key that exists; did you mean 'tokens_per_minute'?",
            "podvirt.yaml:14: plans[3].id: 'free' is taken by the plan on line 10",
        })
        {
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(9, error.Errors.Count);
    }

    private static PodvirtConfig Read(string plans) => ConfigReader.Read(Models + plans, "podvirt.yaml", _ => null);
}
