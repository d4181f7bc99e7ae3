# A Homebrew formula as text: replace the address and the digest by those of a release.
class Tacet < Formula
  desc "Local DNS resolver that asks over encrypted connections only"
  homepage "https://example.org/tacet"
  url "https://example.org/tacet-0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "ISC"

  depends_on "asio" => :build
  depends_on "cli11" => :build
  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "pkgconf" => :build
  depends_on "c-ares"
  depends_on "curl"
  depends_on "fmt"
  depends_on "ldns"
  depends_on "libidn2"
  depends_on "libpsl"
  depends_on "openssl@3"
  depends_on "spdlog"
  depends_on "yaml-cpp"

  on_linux do
    depends_on "libseccomp"
  end

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DTACET_TESTS=OFF", *std_cmake_args
    system "cmake", "--build", "build", "--target", "tacet"
    system "cmake", "--install", "build"
    (buildpath/"tacet.yaml").write "# The configuration of tacet: tacet.yaml(5).\n"
    (etc/"tacet").install "tacet.yaml"
  end

  # It needs port 53, so `sudo brew services start tacet`.
  service do
    run [opt_bin/"tacet", "run", "--config", etc/"tacet/tacet.yaml"]
    keep_alive true
    require_root true
    log_path var/"log/tacet.log"
    error_log_path var/"log/tacet.log"
  end

  test do
    # Neither root nor a network is needed.
    (testpath/"tacet.yaml").write "listen: [\"127.0.0.1:5353\"]\n"
    assert_match "127.0.0.1:5353", shell_output("#{bin}/tacet check --config #{testpath}/tacet.yaml")
    assert_match "json-schema.org", shell_output("#{bin}/tacet schema")
  end
end
