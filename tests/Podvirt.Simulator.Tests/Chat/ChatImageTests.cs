using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Chat;

public sealed class ChatImageTests
{
    [Theory]
    [InlineData("""{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}""")]
    [InlineData("""{"type":"image_url","image_url":{"url":"https://nowhere.invalid/cat.png","detail":"low"}}""")]
    public async Task Image_Costs256PromptTokens(string image)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var plain = await CostAsync(engine, "");
        Assert.Equal(plain + 256, await CostAsync(engine, "," + image));
        Assert.Equal(plain + 512, await CostAsync(engine, $",{image},{image}"));
    }

    [Fact]
    public async Task AnotherImage_IsAnotherPrompt()
    {
        await using var engine = await InProcessEngine.StartAsync();
        async Task<int> CachedAsync(string data) => (int)(await engine.Client.JsonAsync("/v1/chat/completions",
            $$$$"""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{{data}}}}"}},{"type":"text","text":"What is this? Tell me all that you can see there."}]}]}"""))
            ["usage"]!["prompt_tokens_details"]!["cached_tokens"]!;
        await CachedAsync("AAAA");
        var same = await CachedAsync("AAAA");
        Assert.InRange(same, 256, 280);
        Assert.InRange(await CachedAsync("BBBB"), 0, 255);
    }

    private static async Task<int> CostAsync(InProcessEngine engine, string parts) => (int)(await engine.Client.JsonAsync("/v1/chat/completions",
        $$$$"""{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"text","text":"What is this?"}{{{{parts}}}}]}]}"""))["usage"]!["prompt_tokens"]!;
}
