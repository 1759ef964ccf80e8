using System.Text.Json;
using Podvirt.Server.Commands;

namespace Podvirt.Server.Tests.Commands;

public class TopPictureTests
{
    private static readonly JsonElement s_fleet = JsonSerializer.Deserialize<JsonElement>($$"""
        {"gpus":[
          {"id":"GPU-8f6e2d11-4a0e-4c5b-9d1c-2f0f8f5b7c11","type":"H100","status":"available","memory_bytes":85899345920,"reserved_bytes":64424509440,
           "sleeping_bytes":1395864371,"free_bytes":20078972109,"replicas":[
             {"model":"org/a-model-with-a-long-name","state":"active","memory_bytes":64424509440},
             {"model":"m1","state":"falling_asleep","memory_bytes":1395864371},{"model":"m2","state":"sleeping","memory_bytes":1395864371}]},
          {"id":"SIM-1","type":"H100","status":"draining","memory_bytes":85899345920,"reserved_bytes":0,"sleeping_bytes":0,"free_bytes":85899345920,"replicas":[]}],
         "models":[
          {"id":"org/a-model-with-a-long-name","status":"Active","failed_replicas":1,"replicas":{"active":1,"max":2},"in_flight":12,"waiting":0,"requests_total":1234567,"startup_duration_ms":1234},
          {"id":"m1","status":"Warming Up","warm_up":{"phase":"waiting for memory"},"failed_replicas":0,"replicas":{"active":0,"max":1},"in_flight":0,"waiting":3,"requests_total":9,"startup_duration_ms":null},
          {"id":"m2","status":"Failed","failure":{"code":"model_start_failed"},"failed_replicas":1,"replicas":{"active":0,"max":1},"in_flight":0,"waiting":0,"requests_total":9,"startup_duration_ms":null},
          {{string.Join(",", Enumerable.Range(3, 20).Select(i => $$"""{"id":"m{{i}}","status":"Cold","failed_replicas":0,"replicas":{"active":0,"max":1},"in_flight":0,"waiting":0,"requests_total":0,"startup_duration_ms":null}"""))}}]}
        """);

    [Theory]
    [InlineData(40, 24)]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    public void Picture_FitsTheScreen(int width, int height)
    {
        var lines = TopPicture.Of(s_fleet, width, height);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.InRange(lines.Count, 1, height);
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(120, 40)]
    public void Picture_SaysEveryStateInWords(int width, int height)
    {
        var text = string.Join('\n', TopPicture.Of(s_fleet, width, height));
        foreach (var word in (string[])["1 Active, 20 Cold, 1 Failed, 1 Warming Up; 12 in flight, 3 waiting", "falling asleep", "sleeping 1.3GiB", "draining", "Active: 1 failed", "Warming Up: waiting for", "Failed: model_start"])
        {
            Assert.Contains(word, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"gpus":[],"models":[]}""")]
    [InlineData("""{"gpus":[],"models":[{"id":"m","status":"Cold","replicas":{"active":0,"max":1},"in_flight":0,"waiting":0,"requests_total":0,"startup_duration_ms":null}]}""")]
    public void LittleToShow_IsShown(string fleet)
    {
        foreach (var width in (int[])[20, 80, 120])
        {
            Assert.Contains("models", TopPicture.Of(JsonSerializer.Deserialize<JsonElement>(fleet), width, 24)[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ModelsThatDoNotFit_AreCounted_AndTheLivelyStay()
    {
        var lines = TopPicture.Of(s_fleet, 80, 16);
        Assert.StartsWith("… and ", lines[^1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("m1 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("m2 ", StringComparison.Ordinal));
        Assert.DoesNotContain(TopPicture.Of(s_fleet, 80, 40), line => line.StartsWith('…'));
    }

    [Fact]
    public void Bar_ShowsWhatIsReservedAndWhatSleeps()
    {
        var lines = TopPicture.Of(s_fleet, 120, 40);
        Assert.Contains(lines, line => line.Contains(new string('█', 24) + "▒" + new string('·', 7), StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(new string('·', 32), StringComparison.Ordinal));
    }
}
