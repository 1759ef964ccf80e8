using Podvirt.Server.Client;

namespace Podvirt.Server.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    [Fact]
    public async Task NoServer_SaysHowToStartOne()
    {
        var run = await Run.OfAsync(["models", "--data", _folder]);

        Assert.Equal(1, run.Code);
        Assert.Contains($"podvirt serve --data {_folder}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatIsGone_SaysHowToStartOne()
    {
        // Port 9 is the discard service, which nobody runs.
        new ServerFile("http://127.0.0.1:9", 1).Write(_folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, AdminClient.TokenFile), "some-token");

        var run = await Run.OfAsync(["models", "--data", _folder]);

        Assert.Equal(1, run.Code);
        Assert.Contains("podvirt serve", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bogus")]
    [InlineData("models", "--bogus")]
    [InlineData("keys", "create")]
    [InlineData("usage", "--group", "colour")]
    [InlineData("logs", "m", "--lines", "many")]
    [InlineData("keys")]
    [InlineData()]
    public async Task WrongArguments_AreAUsageError(params string[] args)
    {
        var run = await Run.OfAsync(args);

        Assert.Equal(2, run.Code);
        Assert.NotEmpty(run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task Help_ListsEveryCommand()
    {
        var run = await Run.OfAsync(["--help"]);

        Assert.Equal(0, run.Code);
        Assert.Contains("podvirt [command]", run.Output, StringComparison.Ordinal);
        Assert.All((string[])["serve", "models", "keys", "usage", "logs", "console"], c => Assert.Contains(c, run.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void TheServersFile_IsForItsOwnerOnly_AndReadsBack()
    {
        new ServerFile("http://127.0.0.1:1", 7).Write(_folder);

        Assert.Equal(new ServerFile("http://127.0.0.1:1", 7), ServerFile.Read(_folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(ServerFile.PathIn(_folder)));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
