// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

/// Keeps a number, and fails in each of Solidity's ways.
contract Vault {
    event Stored(address indexed who, uint256 value, string note);
    error TooMuch(uint256 asked, uint256 allowed);

    uint256 public value;
    mapping(address => uint256) public stored;
    uint256[] private items;

    constructor(uint256 first) payable {
        value = first;
    }

    function store(uint256 next, string calldata note) external {
        require(next != 13, "unlucky number");
        if (next > 1000) revert TooMuch(next, 1000);
        value = next;
        stored[msg.sender] += 1;
        emit Stored(msg.sender, next, note);
    }

    function half(uint256 by) external view returns (uint256) {
        return value / by;
    }

    function item(uint256 index) external view returns (uint256) {
        return items[index];
    }

    function origin() external view returns (uint256, uint256, uint256, address) {
        return (block.number, block.chainid, block.basefee, msg.sender);
    }
}

/// Makes vaults, also at addresses known beforehand.
contract Factory {
    event Made(address vault, uint256 first);

    Vault[] public vaults;

    function make(uint256 count) external {
        for (uint256 i = 0; i < count; i++) {
            keep(new Vault(i), i);
        }
    }

    function makeAt(bytes32 salt, uint256 first) external {
        keep(new Vault{salt: salt}(first), first);
    }

    function keep(Vault vault, uint256 first) private {
        vaults.push(vault);
        emit Made(address(vault), first);
    }
}
