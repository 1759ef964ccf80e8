using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Tests.Tools;

public sealed class ToolPickerTests
{
    private static readonly Tool[] _tools = [Named("get_weather"), Named("searchOpenFlights"), Named("now")];

    [Theory]
    [InlineData("What is the weather in Paris?", "get_weather")]
    [InlineData("Call get_weather", "get_weather")]
    [InlineData("Which flights are open?", "searchOpenFlights")]
    [InlineData("Open flights, and the weather there", "get_weather,searchOpenFlights")]
    [InlineData("Which flights are there?", "")]
    [InlineData("Hello", "")]
    public void FreeChoice_FollowsTheWordsOfTheQuestion(string question, string expected) =>
        Assert.Equal(expected, Pick(new ToolUse(_tools, ToolChoice.Auto), new ChatMessage("user", question)));

    [Fact]
    public void RequiredChoice_FallsBackToTheFirst()
    {
        Assert.Equal("get_weather", Pick(new ToolUse(_tools, ToolChoice.Required), new ChatMessage("user", "Hello")));
        Assert.Equal("now", Pick(new ToolUse(_tools, ToolChoice.Required), new ChatMessage("user", "What is it now?")));
    }

    [Fact]
    public void NamedChoice_IsThatOneAlone() =>
        Assert.Equal("now", Pick(new ToolUse(_tools, ToolChoice.Named, "now"), new ChatMessage("user", "The weather?")));

    [Fact]
    public void NoChoice_CallsNothing() =>
        Assert.Equal("", Pick(new ToolUse(_tools, ToolChoice.None), new ChatMessage("user", "The weather?")));

    [Fact]
    public void OneAtATime_IsTheFirstThatFits() => Assert.Equal(
        "get_weather", Pick(new ToolUse(_tools, ToolChoice.Auto, Parallel: false), new ChatMessage("user", "Open flights, and the weather there")));

    [Fact]
    public void Results_AreAnsweredInWords() =>
        Assert.Equal("", Pick(new ToolUse(_tools, ToolChoice.Auto), new ChatMessage("user", "The weather?"), new ChatMessage("tool", "The weather is fine.")));

    private static string Pick(ToolUse use, params ChatMessage[] conversation) =>
        string.Join(',', ToolPicker.Pick(use, conversation).Select(tool => tool.Name));

    private static Tool Named(string name) => new(name, "", JsonDocument.Parse("{}").RootElement);
}
