using Podvirt.Access;

namespace Podvirt.Tests.Access;

public sealed class AdminCredentialTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    private string TokenPath => Path.Combine(_folder, AdminCredential.FileName);

    [Fact]
    public void FirstStart_KeepsATokenForItsOwnerOnly()
    {
        var credential = AdminCredential.Load(_folder, fromEnvironment: null);

        var token = File.ReadAllText(TokenPath).Trim();
        Assert.True(credential.Matches(token));
        Assert.False(credential.Matches(token + "x"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenPath));
        }
    }

    [Fact]
    public void LaterStarts_ReadTheSameToken()
    {
        AdminCredential.Load(_folder, fromEnvironment: null);
        var token = File.ReadAllText(TokenPath).Trim();

        Assert.True(AdminCredential.Load(_folder, fromEnvironment: null).Matches(token));
    }

    [Fact]
    public void TheEnvironmentsToken_IsNotWrittenDown()
    {
        Assert.True(AdminCredential.Load(_folder, "from-the-environment").Matches("from-the-environment"));
        Assert.False(File.Exists(TokenPath));
    }

    [Theory]
    [InlineData("tab\there")]
    [InlineData("two words")]
    public void ATokenThatIsNone_IsRefused(string token) =>
        Assert.Throws<InvalidOperationException>(() => AdminCredential.Load(_folder, token));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
