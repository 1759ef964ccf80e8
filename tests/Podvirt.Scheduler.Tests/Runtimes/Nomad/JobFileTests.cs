using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

public sealed class JobFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void Text_IsNeverAnExpression()
    {
        File.WriteAllText(_path, "variable \"a\" {\n}\n  variable \"list\" { type = list(string) }\nvariable \"n\" {}\n");
        var file = new JobFile(new NomadOptions { Template = _path });
        Assert.Equal(
            "a = \"say \\\"${x}\\\" \\\\ $${NOMAD_IP} %%{if}\\n\"\nlist = [\"dc1\", \"$${b}\"]\nn = 1000\n".Replace("\"${x}", "\"$${x}", StringComparison.Ordinal),
            file.Assign([("a", "say \"${x}\" \\ ${NOMAD_IP} %{if}\n"), ("list", new[] { "dc1", "${b}" }), ("n", 1000), ("unknown", "left out")]));
    }

    [Theory]
    [InlineData(NomadDriver.Docker, "image = \"i\"\n")]
    [InlineData(NomadDriver.RawExec, "command = \"c\"\n")]
    public void BuiltInFile_AsksForWhatItsDriverNeeds(NomadDriver driver, string assigned) =>
        Assert.Equal(assigned, new JobFile(new NomadOptions { Driver = driver }).Assign([("image", "i"), ("command", "c")]));

    public void Dispose() => File.Delete(_path);
}
